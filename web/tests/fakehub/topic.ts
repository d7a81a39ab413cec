/** One channel of one instrument: what it holds, how it got there, and what a subscriber is due. */

import type { Message } from './encode.ts';

type Fields = Record<string, unknown>;
type Levels = [string, string][];

interface Change {
  seq: number;
  data: unknown;
}

export class Topic {
  seq = 0;
  #held: Fields = {};
  #bids: Levels = [];
  #asks: Levels = [];
  #bars = new Map<number, Fields>();
  #prints: Fields[] = [];
  #ring: Change[] = [];

  constructor(
    readonly channel: string,
    readonly instrument: string,
    public epoch: string,
  ) {}

  get #kind(): string {
    return this.channel.split('.')[0] ?? '';
  }

  get #place(): { channel: string; instrument: string } {
    return { channel: this.channel, instrument: this.instrument };
  }

  /** Takes a change of the log (on `trade` one item) and gives it a number. */
  change(data: Fields | Fields[]): void {
    this.seq += 1;
    this.#ring.push({ seq: this.seq, data });
    if (1_024 < this.#ring.length) this.#ring.shift();
    if (this.#kind === 'trade') this.#prints.push(data as Fields);
    else if (this.#kind === 'bars') for (const bar of data as Fields[]) this.#layBar(bar);
    else this.#lay(data as Fields);
  }

  /** What the log did not cause. */
  setState(state: string): Message {
    this.#held.state = state;
    return { op: 'state', ...this.#place, state };
  }

  /** Forgets how it got here: whoever wants to resume gets a snapshot. */
  forgetRing(): void {
    this.#ring = [];
  }

  data(): unknown {
    if (this.#kind === 'trade')
      return this.#prints.filter((item) => item.trade_id !== undefined).slice(-100);
    if (this.#kind === 'bars') {
      return [...this.#bars.values()].sort(
        (left, right) => Number(left.start) - Number(right.start),
      );
    }
    return this.#kind === 'book'
      ? { bids: this.#bids, asks: this.#asks, ...this.#held }
      : { ...this.#held };
  }

  snapshot(missed?: number | null): Message {
    const told = missed === undefined ? {} : { missed };
    return {
      op: 'snapshot',
      ...this.#place,
      epoch: this.epoch,
      seq: this.seq,
      ...told,
      data: this.data(),
    };
  }

  /** The answer to a subscription, from where the client stands. */
  join(resume: { epoch: string; seq: number } | undefined): Message[] {
    if (resume === undefined) return [this.snapshot()];
    const reaches =
      resume.epoch === this.epoch && (this.#ring[0]?.seq ?? this.seq + 1) <= resume.seq + 1;
    if (reaches && resume.seq <= this.seq) {
      const state = (this.#held.state as string | undefined) ?? null;
      return [
        { op: 'resumed', ...this.#place, epoch: this.epoch, seq: resume.seq, state },
        ...this.since(resume.seq),
      ];
    }
    if (this.#kind !== 'trade') return [this.snapshot()];
    return [this.snapshot(resume.epoch === this.epoch ? this.seq - resume.seq : null)];
  }

  /** What a receiver that stands at `seq` has not seen, change by change. */
  since(seq: number): Message[] {
    return this.#ring
      .filter((change) => seq < change.seq)
      .map((change) => {
        const span = { first: change.seq, last: change.seq };
        return this.#kind === 'trade'
          ? { op: 'event', ...this.#place, ...span, data: [change.data] }
          : { op: 'delta', ...this.#place, ...span, data: change.data };
      });
  }

  #lay(data: Fields): void {
    const { bids, asks, ...others } = data;
    if (this.#kind === 'book') {
      this.#bids = laid(this.#bids, bids, (left, right) => Number(right) - Number(left));
      this.#asks = laid(this.#asks, asks, (left, right) => Number(left) - Number(right));
    }
    this.#held = { ...this.#held, ...others };
  }

  #layBar(bar: Fields): void {
    const start = Number(bar.start);
    this.#bars.set(start, { ...this.#bars.get(start), ...bar });
  }
}

function laid(
  held: Levels,
  change: unknown,
  order: (left: string, right: string) => number,
): Levels {
  const levels = new Map(held);
  for (const [price, qty] of (change ?? []) as Levels) {
    if (Number(qty) === 0) levels.delete(price);
    else levels.set(price, qty);
  }
  return [...levels].sort(([left], [right]) => order(left, right));
}
