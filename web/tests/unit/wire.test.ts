import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { encodeCommand, JSON_PROTOCOL, MSGPACK_PROTOCOL } from '../../src/wire/command.ts';
import { decodeJsonFrame, decodeJsonMessages } from '../../src/wire/json.ts';
import { WireError } from '../../src/wire/message.ts';
import { MsgpackDecoder } from '../../src/wire/msgpack.ts';
import { decodeBars, microseconds } from '../../src/wire/rest.ts';

const INSTRUMENT = 'SIM:ACME';
const TS = 1_795_327_179_892_040;

/** A decoder that was told of ref 1…5: quote, stats, book.3, trade and bars.1m, prices with 2, sizes with 3 decimals. */
function taught(): MsgpackDecoder {
  const decoder = new MsgpackDecoder();
  const channels = ['quote', 'stats', 'book.3', 'trade', 'bars.1m'];
  for (const [at, channel] of channels.entries()) {
    const topic = { ref: at + 1, price_exp: 2, qty_exp: 3 };
    const answer = {
      id: 1,
      channel,
      tick_ms: 50,
      instruments: { [INSTRUMENT]: topic },
      errors: {},
    };
    decoder.decodeFrame(encode([[2, answer]]));
  }
  return decoder;
}

/** Both codecs end in the same messages. */
function same(json: object[], parts: unknown[][], decoder = taught()) {
  const from_json = decodeJsonMessages(json);
  expect(from_json).toHaveLength(json.length);
  expect(decoder.decodeFrame(encode(parts, { useBigInt64: true }))).toEqual(from_json);
}

const bits = (...set: number[]) => set.reduce((mask, bit) => mask + 2 ** bit, 0);
const quote = { channel: 'quote', instrument: INSTRUMENT };
const book = { channel: 'book.3', instrument: INSTRUMENT };
const trade = { channel: 'trade', instrument: INSTRUMENT };

describe('both codecs say the same', () => {
  it('of quotes', () => {
    same(
      [
        {
          op: 'snapshot',
          ...quote,
          epoch: 'e.1',
          seq: 9,
          data: {
            bid: '404.80',
            bid_qty: '0.100',
            ask: null,
            ask_qty: null,
            ts: TS,
            state: 'live',
          },
        },
        { op: 'delta', ...quote, first: 10, last: 12, data: { ask: '-0.05', ts: TS } },
        { op: 'delta', ...quote, first: 13, last: 13, con: true, data: {} },
        { op: 'state', ...quote, state: 'stale' },
        { op: 'resumed', ...quote, epoch: 'e.1', seq: 13, state: 'live' },
      ],
      [
        [
          18,
          1,
          9,
          0,
          bits(0, 1, 2, 3, 4, 5, 16),
          40_480,
          100,
          null,
          null,
          BigInt(TS),
          'live',
          'e.1',
        ],
        [16, 1, 12, 3, bits(2, 4), -5, BigInt(TS)],
        [16, 1, 13, 1, bits(20), true],
        [20, 1, null, 0, bits(5), 'stale'],
        [19, 1, 13, 0, bits(5, 16), 'live', 'e.1'],
      ],
    );
  });

  it('of statistics, with sums beyond 64 bits', () => {
    const stats = { channel: 'stats', instrument: INSTRUMENT };
    same(
      [
        {
          op: 'delta',
          ...stats,
          first: 2,
          last: 2,
          data: {
            last: '1.00',
            volume: '9007199254740993.001',
            notional: '123456789012345678901234567.89012',
            vwap: '404.7100912954',
            trades: 471,
            change: null,
          },
        },
      ],
      [
        [
          16,
          2,
          2,
          1,
          bits(0, 6, 7, 8, 9, 10),
          100,
          9_007_199_254_740_993_001n,
          '12345678901234567890123456789012',
          4_047_100_912_954n,
          471,
          null,
        ],
      ],
    );
  });

  it('of books, where zero removes', () => {
    same(
      [
        {
          op: 'delta',
          ...book,
          first: 5,
          last: 6,
          data: {
            bids: [
              ['404.80', '0'],
              ['404.79', '1.500'],
            ],
            asks: [],
            ts: TS,
          },
        },
      ],
      [[16, 3, 6, 2, bits(0, 1, 2), [40_480, 0, 40_479, 1_500], [], BigInt(TS)]],
    );
  });

  it('of trades: prints, cancels, corrections and what was missed', () => {
    same(
      [
        {
          op: 'event',
          ...trade,
          first: 7,
          last: 40,
          missed: 31,
          data: [
            { trade_id: 'a', price: '1.00', qty: '2.000', aggressor: 'buy', ts: TS },
            { cancel: 'a', ts: TS },
            { correct: 'b', price: '1.01', qty: '3.000', ts: TS },
          ],
        },
        {
          op: 'snapshot',
          ...trade,
          epoch: 'f',
          seq: 99,
          missed: null,
          data: [{ trade_id: 'z', price: '1.00', qty: '2.000', aggressor: null, ts: TS }],
        },
      ],
      [
        [
          17,
          4,
          40,
          34,
          bits(0, 19),
          [
            [0, 'a', 100, 2_000, 'buy', BigInt(TS)],
            [1, 'a', BigInt(TS)],
            [2, 'b', 101, 3_000, BigInt(TS)],
          ],
          31,
        ],
        [18, 4, 99, 0, bits(0, 16, 19), [[0, 'z', 100, 2_000, null, BigInt(TS)]], 'f', null],
      ],
    );
  });

  it('of bars, whole and changed', () => {
    const bars = { channel: 'bars.1m', instrument: INSTRUMENT };
    same(
      [
        {
          op: 'delta',
          ...bars,
          first: 3,
          last: 4,
          data: [
            {
              start: TS,
              open: '1.00',
              high: '1.02',
              low: null,
              close: '1.01',
              volume: '5.000',
              notional: '5.05000',
              vwap: '1.0100000000',
              trades: 3,
              rev: 0,
              state: 'open',
            },
            { start: TS - 60_000_000, rev: 2, state: 'closed' },
          ],
        },
      ],
      [
        [
          16,
          5,
          4,
          2,
          bits(0),
          [
            [BigInt(TS), 1_023, 100, 102, null, 101, 5_000, 505_000, 10_100_000_000n, 3, 0, 'open'],
            [BigInt(TS - 60_000_000), bits(8, 9), 2, 'closed'],
          ],
        ],
      ],
    );
  });

  it('of control messages', () => {
    const welcome = {
      session: 's1',
      server_time: TS,
      heartbeat_ms: 5_000,
      limits: { subscriptions_max: 2_000 },
    };
    same(
      [
        { op: 'welcome', ...welcome },
        { op: 'unsubscribed', id: 2 },
        { op: 'pong', id: 3, server_time: TS },
        { op: 'error', id: null, code: 'bad_request', message: 'no' },
        { op: 'heartbeat', server_time: TS },
        { op: 'bye', reconnect_after_ms: 1_500 },
      ],
      [
        [1, { ...welcome, server_time: BigInt(TS) }],
        [3, { id: 2 }],
        [4, { id: 3, server_time: BigInt(TS) }],
        [6, { id: null, code: 'bad_request', message: 'no' }],
        [7, { server_time: BigInt(TS) }],
        [8, { reconnect_after_ms: 1_500 }],
      ],
    );
  });
});

describe('wider exponents', () => {
  it('hold for the snapshot that carries them and for all that follows', () => {
    const decoder = taught();
    const at = { op: 'snapshot', ...quote, epoch: 'e.2', seq: 1 };
    same(
      [
        { ...at, price_exp: 4, qty_exp: 3, data: { bid: '404.8000' } },
        { op: 'delta', ...quote, first: 2, last: 2, data: { bid: '404.8001' } },
      ],
      [
        [18, 1, 1, 0, bits(0, 16, 17, 18), 4_048_000, 'e.2', 4, 3],
        [16, 1, 2, 1, bits(0), 4_048_001],
      ],
      decoder,
    );
  });
});

describe('what is unknown', () => {
  it('is passed over: operations, codes, channels, references, fields and bits', () => {
    const json = [
      { op: 'later' },
      { op: 'delta', channel: 'orders', instrument: 'A1', first: 1, last: 1, data: [] },
    ];
    expect(decodeJsonMessages(json)).toEqual([]);
    const decoder = taught();
    expect(
      decoder.decodeFrame(
        encode([
          [99, 1],
          [16, 777, 1, 1, 1, 5],
          [9, { a: 1 }],
        ]),
      ),
    ).toEqual([]);
    const known = { op: 'delta', ...quote, first: 2, last: 2 };
    same(
      [{ ...known, data: { bid: '1.00' }, novel: true }],
      // A field that a later hub appends to quotes, one beyond 32 bits, and a tail beyond the mask.
      [[16, 1, 2, 1, bits(0, 6, 40), 100, 'novel', 'also', 'tail']],
      decoder,
    );
  });
});

describe('what cannot be read', () => {
  const json = (message: object) => () => decodeJsonFrame(JSON.stringify([message]));

  it('is refused in JSON', () => {
    expect(() => decodeJsonFrame('{"op":')).toThrow(WireError);
    expect(() => decodeJsonFrame('{}')).toThrow(WireError);
    expect(json({ op: 'delta', ...quote, first: 1, last: 1, data: { bid: 404.8 } })).toThrow(
      WireError,
    );
    expect(json({ op: 'delta', ...quote, first: 1.5, last: 2, data: {} })).toThrow(WireError);
  });

  it('is refused in MessagePack', () => {
    const decoder = taught();
    const reading = (parts: unknown[]) => () => decoder.decodeFrame(encode([parts]));
    expect(() => decoder.decodeFrame(new Uint8Array([0xc1]))).toThrow(WireError);
    expect(reading([16, 1, 2, 1, bits(0), 404.8])).toThrow(WireError);
    expect(reading([16, 1, 2, 1, bits(0, 1), 5])).toThrow(WireError);
    expect(reading([16, 3, 2, 1, bits(0), [1, 2, 3]])).toThrow(WireError);
    expect(reading([17, 4, 2, 1, bits(0), [[7, 'x']]])).toThrow(WireError);
  });
});

describe('commands', () => {
  it('are written by the protocol that the hub chose', () => {
    const command = { op: 'ping', id: 4 } as const;
    expect(encodeCommand(JSON_PROTOCOL, command)).toBe('{"op":"ping","id":4}');
    expect(encodeCommand(MSGPACK_PROTOCOL, command)).toEqual(encode(command));
  });
});

describe('REST', () => {
  it('reads times to the microsecond and bars as they are', () => {
    expect(microseconds('2026-11-22T05:59:39.281040549Z')).toBe(1_795_327_179_281_040);
    expect(microseconds('2026-11-22T05:58:00Z') % 60_000_000).toBe(0);
    expect(() => microseconds('2026-11-22T05:58:00+01:00')).toThrow(WireError);
    const bar = {
      start: '2026-11-22T05:58:00Z',
      open: '1.0',
      high: '1.0',
      low: '1.0',
      close: null,
      volume: '3',
      notional: '3',
      vwap: null,
      trades: 1,
      rev: 0,
      state: 'final',
      gap: true,
    };
    const { items, next } = decodeBars({ bars: [bar], next: '17' });
    expect(items[0]).toMatchObject({ start: 1_795_327_080_000_000, close: null, gap: true });
    expect(next).toBe('17');
  });
});

interface Golden {
  name: string;
  json: object[];
  msgpack: string;
  refs: Record<string, { channel: string; instrument: string; price_exp: number; qty_exp: number }>;
}

/** The `subscribed` that told a reference. */
function toldOf([ref, { channel, instrument, ...exps }]: [string, Golden['refs'][string]]) {
  const instruments = { [instrument]: { ref: Number(ref), ...exps } };
  return [2, { id: 0, channel, tick_ms: 50, instruments, errors: {} }];
}

const golden_path = join(import.meta.dirname, '../../../tests/golden/frames.json');
const has_golden = existsSync(golden_path);

describe('frames shared with the hub', () => {
  it.skipIf(!has_golden)(
    'decode alike from both forms (skipped where tests/golden/frames.json does not exist)',
    () => {
      const frames: Golden[] = JSON.parse(readFileSync(golden_path, 'utf8'));
      expect(frames.length).toBeGreaterThan(0);
      for (const { name, refs, json, msgpack } of frames) {
        const decoder = new MsgpackDecoder();
        decoder.decodeFrame(encode(Object.entries(refs).map(toldOf)));
        const bytes = new Uint8Array(Buffer.from(msgpack, 'hex'));
        expect(decoder.decodeFrame(bytes), name).toEqual(decodeJsonMessages(json));
      }
    },
  );
});
