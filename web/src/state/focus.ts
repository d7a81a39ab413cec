/** What is folded for the selected instrument alone: its book, its tape and its bars. */

import type { Rest } from '../socket/rest.ts';
import type { Channel } from '../wire/channel.ts';
import { intervalUs } from '../wire/channel.ts';
import type { BarData, DataMessage } from '../wire/message.ts';
import { Book } from './book.ts';
import { HistoryLoader } from './history.ts';
import { Series } from './series.ts';
import { BARS_MAX, type Patch, type Selection } from './shapes.ts';
import { Tape } from './tape.ts';

export class Focus {
  readonly bookChannel: Channel;
  readonly barsChannel: Channel;
  readonly #book: Book;
  readonly #tape: Tape;
  readonly #series = new Series(BARS_MAX);
  readonly #history: HistoryLoader;
  #bars_epoch: string | null = null;
  #bars_confirmed = false;
  #bars_dirty = true;

  constructor(
    readonly selection: Selection,
    rest: Rest,
    private readonly hubNowUs: () => number,
    changed: () => void,
    /** Books and tapes outlive a change of interval or depth alone. */
    before: Focus | null,
  ) {
    const { instrument, interval, depth } = selection;
    this.bookChannel = `book.${depth}`;
    this.barsChannel = `bars.${interval}`;
    const same = before?.selection.instrument === instrument ? before : null;
    this.#tape = same === null ? new Tape(instrument) : same.#tape;
    const keeps_book = same !== null && same.selection.depth === depth;
    this.#book = keeps_book ? same.#book : new Book(instrument, depth);
    if (same !== null && same.selection.interval === interval) {
      this.#series = same.#series;
      this.#history = same.#history;
      this.#bars_epoch = same.#bars_epoch;
      this.#bars_confirmed = same.#bars_confirmed;
    } else {
      before?.stop();
      this.#history = new HistoryLoader(rest, instrument, interval, this.#series, changed);
    }
  }

  stop(): void {
    this.#history.stop();
  }

  older(): void {
    this.#history.older();
  }

  apply(message: DataMessage): void {
    if (message.instrument !== this.selection.instrument) return;
    if (message.channel === this.bookChannel) this.#book.apply(message);
    else if (message.channel === 'trade') this.#tape.apply(message);
    else if (message.channel === this.barsChannel) this.#applyBars(message);
  }

  doubt(channel: string): void {
    if (channel === this.bookChannel) this.#book.doubt();
    else if (channel === 'trade') this.#tape.doubt();
    else if (channel === this.barsChannel) {
      this.#bars_confirmed = false;
      this.#bars_dirty = true;
    }
  }

  refuse(channel: string, reason: string): void {
    if (channel === this.bookChannel) this.#book.refuse(reason);
    // Without a stream there is still the history.
    else if (channel === this.barsChannel && this.#bars_epoch === null) this.#begin(null);
  }

  get isDirty(): boolean {
    const bars = this.#bars_dirty || this.#series.isDirty || this.#history.isDirty;
    return bars || this.#book.isDirty || this.#tape.isDirty;
  }

  take(patch: Patch): void {
    const { instrument, interval } = this.selection;
    if (this.#book.isDirty) patch.book = this.#book.take();
    if (this.#tape.isDirty) {
      patch.tape = { instrument, confirmed: this.#tape.confirmed, ...this.#tape.take() };
    }
    if (this.#bars_dirty || this.#series.isDirty) {
      patch.bars = {
        instrument,
        interval,
        confirmed: this.#bars_confirmed,
        ...this.#series.take(),
      };
      this.#bars_dirty = false;
    }
    if (this.#history.isDirty) {
      patch.history = { instrument, interval, ...this.#history.told };
      this.#history.isDirty = false;
    }
  }

  #applyBars(message: DataMessage): void {
    if (message.op === 'snapshot') this.#beginBars(message.epoch, message.data as BarData[]);
    else if (message.op === 'delta') this.#stream(message.data as BarData[]);
    else if (message.op === 'resumed') this.#bars_confirmed = true;
    this.#bars_dirty = true;
  }

  #beginBars(epoch: string, bars: BarData[]): void {
    this.#bars_confirmed = true;
    const before = this.#bars_epoch;
    this.#bars_epoch = epoch;
    const newest_us = bars.at(-1)?.start ?? null;
    if (before === null) {
      this.#stream(bars);
      this.#begin(newest_us);
      return;
    }
    // Continuity was lost: what lies between is asked for once more, all of it where the log is another.
    const anew = before !== epoch;
    const from_us = anew ? this.#series.oldest() : this.#series.oldestUnsettled();
    if (anew) this.#series.distrust();
    this.#stream(bars);
    const to_us = Math.max(this.#series.newest() ?? 0, this.hubNowUs()) + this.#length_us;
    if (from_us !== undefined) this.#history.refetch(from_us, to_us, anew);
  }

  #begin(newest_us: number | null): void {
    this.#bars_epoch ??= '';
    this.#history.begin(newest_us ?? this.hubNowUs());
  }

  #stream(bars: BarData[]): void {
    const unknown = this.#series.stream(bars);
    const [first] = unknown;
    if (first === undefined) return;
    // A change of a bar that is not held: the whole bar is asked for.
    this.#history.refetch(first, (unknown.at(-1) ?? first) + this.#length_us, false);
  }

  get #length_us(): number {
    return intervalUs(this.selection.interval);
  }
}
