/** A market that keeps moving: what the bench sends, so many changed messages a second and no more. */

import { type FakeHub, nowUs } from '../fakehub/hub.ts';

export class Feed {
  /** Changes of quotes and statistics, all symbols together. */
  watched = 0;
  /** Changes of the selected symbol's book, trades and bars. */
  focused = 0;
  #step = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly hub: FakeHub,
    private readonly names: string[],
    private readonly selected: string,
    private readonly steps_per_s: number,
    /** 1: each step changes each symbol's quote or its statistics, in turns. 2: it changes both. */
    private readonly load: 1 | 2,
  ) {}

  begin(): void {
    const begun_ms = performance.now();
    const catchUp = () => {
      // A timer that came late is made up for: the load is what it is named.
      const due = ((performance.now() - begun_ms) / 1_000) * this.steps_per_s;
      while (this.#step < due) this.#move();
    };
    this.#timer = setInterval(catchUp, 1_000 / this.steps_per_s);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  get steps(): number {
    return this.#step;
  }

  #move(): void {
    const step = this.#step++;
    const ts = nowUs();
    for (const [at, name] of this.names.entries()) {
      const turn = (step + at) % 2;
      const price = `${100 + at}.${twoDigits((step * (at + 3)) % 100)}`;
      if (this.load === 2 || turn === 0) {
        this.#watch('quote', name, {
          bid: price,
          bid_qty: `${1 + (step % 9)}.000`,
          ts,
          state: 'live',
        });
      }
      if (this.load === 2 || turn === 1) {
        this.#watch('stats', name, { last: price, open: `${100 + at}.00`, ts });
      }
    }
    this.#moveSelected(step, ts);
    this.hub.flush();
  }

  #watch(channel: string, name: string, change: Record<string, unknown>): void {
    this.hub.topic(channel, name).change(change);
    this.watched += 1;
  }

  #moveSelected(step: number, ts: number): void {
    const { hub, selected } = this;
    const price = `100.${twoDigits(step % 100)}`;
    const levels = (of: (at: number) => string, qty: number) =>
      Array.from({ length: 4 }, (_, at) => [of((step + at * 5) % 20), `${1 + qty}.000`]);
    const bids = levels((cents) => `99.${80 + cents}`, step % 7);
    const asks = levels((cents) => `101.${10 + cents}`, step % 5);
    hub.topic('book.20', selected).change({ bids, asks, ts, state: 'live' });
    const aggressor = step % 2 ? 'buy' : 'sell';
    hub
      .topic('trade', selected)
      .change({ trade_id: `b${step}`, price, qty: '1.000', aggressor, ts });
    const start = Math.floor(ts / 1_000_000) * 1_000_000;
    const prices = { open: '100.50', high: '100.99', low: '100.00', close: price };
    const sums = { volume: '5.000', notional: '500.00000', vwap: '100.0000000000', trades: step };
    hub.topic('bars.1s', selected).change([{ start, ...prices, ...sums, rev: 0, state: 'open' }]);
    this.focused += 3;
  }
}

function twoDigits(cents: number): string {
  return String(cents).padStart(2, '0');
}
