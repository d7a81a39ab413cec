/** Fills a series from the REST API: the newest stretch first, older ones as the chart is scrolled back. */

import type { Rest } from '../socket/rest.ts';
import { intervalUs } from '../wire/channel.ts';
import type { StoredBar } from '../wire/rest.ts';
import type { Series } from './series.ts';
import { BARS_MAX, type Interval, type History as Told } from './shapes.ts';

const FIRST_BARS = 600;
const OLDER_BARS = 1_500;
/** The widest stretch asked for at once: what one answer may hold. */
const WIDEST_BARS = 50_000;
/** Quiet stretches that one request for older bars walks through before it rests. */
const STRIDES_MAX = 12;
const RETRY_MS = 3_000;

export class HistoryLoader {
  readonly #length_us: number;
  readonly #abort = new AbortController();
  #queue: Promise<void> = Promise.resolve();
  told: Told = { phase: 'loading', complete: false, error: '' };
  isDirty = true;

  constructor(
    private readonly rest: Rest,
    private readonly instrument: string,
    private readonly interval: Interval,
    private readonly series: Series,
    private readonly changed: () => void,
  ) {
    this.#length_us = intervalUs(interval);
  }

  stop(): void {
    this.#abort.abort();
  }

  /** The newest stretch, up to and with the bar that holds `newest_us`. */
  begin(newest_us: number): void {
    const to_us = newest_us + this.#length_us;
    this.#enqueue(() => this.#older(to_us, FIRST_BARS));
  }

  /** The next older stretch. */
  older(): void {
    const oldest_us = this.series.oldest();
    if (this.told.complete || this.told.phase === 'loading' || oldest_us === undefined) return;
    if (BARS_MAX <= this.series.size + OLDER_BARS) {
      this.#tell({ phase: 'ready', complete: true, error: `${BARS_MAX} bars are kept, not more` });
      return;
    }
    this.#enqueue(() => this.#older(oldest_us, OLDER_BARS));
  }

  /** Everything from `from_us` on once more; `whole` takes away what the hub no longer has. */
  refetch(from_us: number, to_us: number, whole: boolean): void {
    this.#enqueue(async () => {
      const bars = await this.#span(from_us, to_us);
      if (whole) this.series.keepOnly(bars, from_us, to_us);
      this.series.merge(bars);
    });
  }

  async #older(to_us: number, first_stretch: number): Promise<void> {
    let end_us = to_us;
    let stretch = first_stretch;
    for (let stride = 0; stride < STRIDES_MAX && 0 < end_us; stride++) {
      const from_us = Math.max(0, end_us - stretch * this.#length_us);
      const bars = await this.#span(from_us, end_us);
      this.series.merge(bars);
      if (bars.length !== 0) return;
      const earlier = await this.#ask({ from_us: 0, to_us: from_us }, 1);
      if (earlier.items.length === 0) break;
      end_us = from_us;
      stretch = Math.min(WIDEST_BARS, stretch * 8);
    }
    this.told = { ...this.told, complete: true };
  }

  async #span(from_us: number, to_us: number): Promise<StoredBar[]> {
    const found: StoredBar[] = [];
    for (let from = from_us; from < to_us; ) {
      const page = await this.#ask({ from_us: from, to_us }, WIDEST_BARS);
      found.push(...page.items);
      const last = page.items.at(-1);
      if (page.next === null || last === undefined) break;
      from = last.start + 1;
    }
    return found;
  }

  #ask(span: { from_us: number; to_us: number }, limit: number) {
    return this.rest.bars(this.instrument, this.interval, span, limit, this.#abort.signal);
  }

  /** One at a time, in order; a failure is told, and tried again until it works or the series is left. */
  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      while (!this.#abort.signal.aborted) {
        this.#tell({ ...this.told, phase: 'loading' });
        try {
          await work();
          if (!this.#abort.signal.aborted) this.#tell({ ...this.told, phase: 'ready', error: '' });
          return;
        } catch (error) {
          if (this.#abort.signal.aborted) return;
          const reason = error instanceof Error ? error.message : String(error);
          this.#tell({ ...this.told, phase: 'failed', error: reason });
          await new Promise((done) => setTimeout(done, RETRY_MS));
        }
      }
    });
  }

  #tell(told: Told): void {
    this.told = told;
    this.isDirty = true;
    this.changed();
  }
}
