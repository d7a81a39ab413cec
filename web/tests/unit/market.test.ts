import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rest } from '../../src/socket/rest.ts';
import { Market } from '../../src/state/market.ts';
import type { Patch, Told } from '../../src/state/shapes.ts';
import { FakeSocket } from './fakesocket.ts';

const NAME = 'SIM:A';

/** A worker's market in front of one scripted socket, and a page that asks again as soon as it was told. */
class Bench {
  readonly socket = new FakeSocket();
  readonly told: { at_ms: number; patch: Patch }[] = [];
  #seq = 1;
  readonly market = new Market(
    () => this.socket,
    new Rest(async (path) => answer(path)),
    (told: Told) => {
      if (!('patch' in told)) return;
      this.told.push({ at_ms: Date.now(), patch: told.patch });
      this.market.take({ ask: 'patch' });
    },
  );

  async live(): Promise<void> {
    this.market.start();
    this.market.take({ ask: 'select', selection: { instrument: NAME, interval: '1m', depth: 10 } });
    this.socket.welcome();
    await vi.advanceTimersByTimeAsync(10);
    for (const [channel, data] of [
      ['quote', { bid: '1', state: 'live' }],
      ['stats', { last: '1' }],
      ['book.10', { bids: [['1', '1']], asks: [], state: 'live' }],
    ]) {
      this.socket.hear({ op: 'snapshot', channel, instrument: NAME, epoch: 'e', seq: 1, data });
    }
    this.market.take({ ask: 'patch' });
    await vi.advanceTimersByTimeAsync(500);
    this.told.length = 0;
  }

  /** One change of the quote and one of the book. */
  move(): void {
    const [first, last] = [this.#seq + 1, this.#seq + 1];
    this.#seq += 1;
    const bid = String(this.#seq);
    const change = { op: 'delta', instrument: NAME, first, last };
    this.socket.hear(
      { ...change, channel: 'quote', data: { bid } },
      { ...change, channel: 'book.10', data: { bids: [['1', bid]] } },
    );
  }
}

function answer(path: string): Response {
  const body = path.startsWith('/api/v1/instruments')
    ? { instruments: [{ instrument: NAME, price_exp: 0, qty_exp: 0 }], next: null }
    : { bars: [], next: null };
  return new Response(JSON.stringify(body));
}

describe('what the page is told of', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('comes at once where it was quiet, and then twenty times a second at most', async () => {
    const bench = new Bench();
    await bench.live();
    const begun_ms = Date.now();
    for (let step = 0; step < 500; step++) {
      bench.move();
      await vi.advanceTimersByTimeAsync(2);
    }
    expect(bench.told[0]?.at_ms).toBe(begun_ms);
    const gaps = bench.told.slice(1).map(({ at_ms }, at) => at_ms - (bench.told[at]?.at_ms ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50);
    expect(bench.told.length).toBeGreaterThanOrEqual(19);
  });

  it('has the watchlist in every other patch, beside the book and never in a patch of its own', async () => {
    const bench = new Bench();
    await bench.live();
    for (let step = 0; step < 40; step++) {
      bench.move();
      await vi.advanceTimersByTimeAsync(50);
    }
    const with_rows = bench.told.filter(({ patch }) => patch.rows !== undefined);
    expect(with_rows.every(({ patch }) => patch.book !== undefined)).toBe(true);
    expect(with_rows).toHaveLength(20);
    expect(bench.told).toHaveLength(40);
  });

  it('ends with the newest of everything', async () => {
    const bench = new Bench();
    await bench.live();
    for (let step = 0; step < 7; step++) bench.move();
    await vi.advanceTimersByTimeAsync(200);
    const rows = bench.told.flatMap(({ patch }) => patch.rows ?? []);
    const books = bench.told.flatMap(({ patch }) => patch.book ?? []);
    expect(rows.at(-1)?.bid).toBe('8');
    expect(books.at(-1)?.bids).toEqual([['1', '8']]);
  });
});
