import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Book } from '../../src/state/book.ts';
import { PrintLog } from '../../src/state/printlog.ts';
import { Rows } from '../../src/state/rows.ts';
import { TAPE_ROWS_MAX } from '../../src/state/shapes.ts';
import { Tape } from '../../src/state/tape.ts';
import { mantissaText } from '../../src/wire/decimal.ts';
import type { DataMessage, Level, TradeItem } from '../../src/wire/message.ts';

const NAME = 'SIM:A';

const on = (channel: string) => ({ channel, instrument: NAME }) as never;

function snapshot(channel: string, data: object, more: object = {}): DataMessage {
  return {
    op: 'snapshot',
    ...(on(channel) as object),
    epoch: 'e',
    seq: 1,
    data,
    ...more,
  } as DataMessage;
}

function delta(channel: string, data: object): DataMessage {
  return { op: 'delta', ...(on(channel) as object), first: 2, last: 2, data } as DataMessage;
}

function events(data: TradeItem[], missed?: number): DataMessage {
  const told = missed === undefined ? {} : { missed };
  return {
    op: 'event',
    ...(on('trade') as object),
    first: 2,
    last: 2,
    data,
    ...told,
  } as DataMessage;
}

const print = (trade_id: string, price = '1.00') => ({
  trade_id,
  price,
  qty: '2.0',
  aggressor: 'buy',
  ts: 5,
});

describe('a book', () => {
  it('is what a map of mantissas would hold, in order, whatever happens to it', () => {
    const change = fc.tuple(
      fc.boolean(),
      fc.integer({ min: -20, max: 20 }),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const book = new Book(NAME, 50);
        book.apply(snapshot('book.50', { bids: [], asks: [], state: 'live' }));
        const model = { bids: new Map<number, number>(), asks: new Map<number, number>() };
        for (const [is_bid, price, qty] of changes) {
          const side = is_bid ? 'bids' : 'asks';
          book.apply(delta('book.50', { [side]: [level(price, qty)] }));
          if (qty === 0) model[side].delete(price);
          else model[side].set(price, qty);
        }
        const view = book.take();
        expect(view.bids).toEqual(drawn(model.bids, (left, right) => right - left));
        expect(view.asks).toEqual(drawn(model.asks, (left, right) => left - right));
      }),
    );
  });

  it('begins anew with each snapshot', () => {
    const book = new Book(NAME, 10);
    book.apply(snapshot('book.10', { bids: [['1.0', '5']], asks: [], state: 'live' }));
    book.apply(
      snapshot('book.10', { bids: [['0.9', '1']], asks: [['1.1', '1']], state: 'unsynced' }),
    );
    expect(book.take()).toMatchObject({
      bids: [['0.9', '1']],
      asks: [['1.1', '1']],
      state: 'unsynced',
    });
  });

  it('keeps its levels but not its word while it is in doubt', () => {
    const book = new Book(NAME, 10);
    book.apply(snapshot('book.10', { bids: [['1.0', '5']], asks: [], state: 'live' }));
    book.doubt();
    expect(book.take()).toMatchObject({ confirmed: false, bids: [['1.0', '5']] });
    book.apply({
      op: 'resumed',
      ...(on('book.10') as object),
      epoch: 'e',
      seq: 1,
      state: 'stale',
    } as DataMessage);
    expect(book.take()).toMatchObject({ confirmed: true, state: 'stale' });
  });
});

function level(price: number, qty: number): Level {
  return [mantissaText(price, 2), qty === 0 ? '0' : mantissaText(qty, 1)];
}

function drawn(side: Map<number, number>, order: (left: number, right: number) => number): Level[] {
  return [...side].sort(([left], [right]) => order(left, right)).map(([p, q]) => level(p, q));
}

describe('a line of the watchlist', () => {
  it('folds quotes and statistics and is confirmed by both', () => {
    const rows = new Rows();
    rows.add(NAME, '');
    rows.apply(snapshot('quote', { bid: '1.0', ask: '1.1', ts: 7, state: 'live' }));
    expect(rows.take()[0]).toMatchObject({ bid: '1.0', confirmed: false, ts_us: 7 });
    rows.apply(snapshot('stats', { last: '1.05', prev_close: null, ts: 9 }));
    rows.apply(delta('quote', { bid: null, ts: 8 }));
    expect(rows.take()[0]).toMatchObject({
      bid: null,
      ask: '1.1',
      last: '1.05',
      confirmed: true,
      ts_us: 9,
    });
    rows.apply({ op: 'state', ...(on('quote') as object), state: 'stale' } as DataMessage);
    expect(rows.take()).toMatchObject([{ state: 'stale' }]);
    expect(rows.take()).toEqual([]);
  });

  it('forgets with a snapshot what the snapshot does not name, of that channel alone', () => {
    const rows = new Rows();
    rows.add(NAME, '');
    rows.apply(snapshot('quote', { bid: '1.0', ask: '1.1', ts: 7, state: 'live' }));
    rows.apply(snapshot('stats', { last: '1.05', high: '2', ts: 9 }));
    rows.apply(snapshot('quote', { ask: '1.2', state: 'live' }));
    expect(rows.take()[0]).toMatchObject({
      bid: null,
      ask: '1.2',
      last: '1.05',
      high: '2',
      ts_us: 9,
    });
  });

  it('is in doubt when either of its channels is', () => {
    const rows = new Rows();
    rows.add(NAME, '');
    rows.apply(snapshot('quote', { state: 'live' }));
    rows.apply(snapshot('stats', {}));
    rows.doubt('stats', NAME);
    expect(rows.take()[0]?.confirmed).toBe(false);
  });
});

describe('a tape', () => {
  it('marks cancels and corrections where the print is, and says so where it is not', () => {
    const tape = new Tape(NAME);
    tape.apply(snapshot('trade', [print('a'), print('b')]));
    tape.take();
    tape.apply(
      events([
        { cancel: 'a', ts: 6 },
        { correct: 'b', price: '1.01', qty: '3.0', ts: 6 },
        { cancel: 'gone', ts: 6 },
      ]),
    );
    const { reset, rows } = tape.take();
    expect(reset).toBe(false);
    expect(rows).toMatchObject([
      { n: 1, canceled: true },
      { n: 2, price: '1.01', qty: '3.0', before: { price: '1.00', qty: '2.0' } },
      { n: 3, kind: 'note', text: 'an older print was canceled' },
    ]);
  });

  it('tells what was missed, before what came after', () => {
    const tape = new Tape(NAME);
    tape.apply(snapshot('trade', [print('a')]));
    tape.apply(events([print('b')], 31));
    expect(tape.take().rows.map((row) => (row.kind === 'note' ? row.text : row.trade_id))).toEqual([
      'a',
      '31 prints missed',
      'b',
    ]);
  });

  it('prints nothing twice from a snapshot after a loss', () => {
    const tape = new Tape(NAME);
    tape.apply(snapshot('trade', [print('a'), print('b')]));
    tape.apply(snapshot('trade', [print('b'), print('c'), print('d')], { missed: 5 }));
    tape.apply(snapshot('trade', [print('d')], { missed: null, epoch: 'f' }));
    expect(tape.take().rows.map((row) => (row.kind === 'note' ? row.text : row.trade_id))).toEqual([
      'a',
      'b',
      '5 prints missed; the last 2 of them follow',
      'c',
      'd',
      'an unknown number of prints missed',
    ]);
  });

  it('stays bounded, on both sides of the worker', () => {
    const tape = new Tape(NAME);
    const log = new PrintLog();
    for (let at = 0; at < 2_000; at++) {
      tape.apply(events([print(`t${at}`)]));
      if (at % 7 === 0) log.lay({ ...tape.take(), confirmed: true });
    }
    log.lay({ ...tape.take(), confirmed: true });
    expect(log.rows()).toHaveLength(TAPE_ROWS_MAX);
    expect(log.rows()[0]).toMatchObject({ trade_id: 't1999' });
    expect(log.rows().at(-1)).toMatchObject({ trade_id: 't1500' });
  });

  it('hands a page that slept the newest rows, once', () => {
    const tape = new Tape(NAME);
    tape.take();
    for (let at = 0; at < 5_000; at++) tape.apply(events([print(`t${at}`)]));
    const { rows } = tape.take();
    expect(rows.length).toBeLessThan(TAPE_ROWS_MAX + 100);
    expect(rows.at(-1)).toMatchObject({ trade_id: 't4999', n: 5_000 });
    expect(tape.take().rows).toEqual([]);
  });
});

describe('the page’s tape', () => {
  it('lays marks over rows it has and new rows on top', () => {
    const log = new PrintLog();
    const row = {
      kind: 'print',
      price: '1',
      qty: '1',
      aggressor: null,
      ts_us: 1,
      before: null,
    } as const;
    log.lay({
      reset: true,
      confirmed: true,
      rows: [{ ...row, n: 1, trade_id: 'a', canceled: false }],
    });
    const change = [
      { ...row, n: 1, trade_id: 'a', canceled: true },
      { ...row, n: 2, trade_id: 'b', canceled: false },
    ];
    log.lay({ reset: false, confirmed: true, rows: change });
    expect(log.rows()).toMatchObject([{ n: 2 }, { n: 1, canceled: true }]);
  });
});
