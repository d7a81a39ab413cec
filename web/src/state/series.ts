/** Bars of one instrument and interval, by start: history and stream in one order, each start once. */

import type { BarData } from '../wire/message.ts';
import type { StoredBar } from '../wire/rest.ts';
import type { Bar } from './shapes.ts';

const PROGRESS = ['open', 'closed', 'final'];

export class Series {
  readonly #bars = new Map<number, Bar>();
  /** Starts that the stream told of in its present epoch: there it knows better than an older answer. */
  readonly #streamed = new Set<number>();
  readonly #dirty = new Set<number>();
  #starts: number[] | null = [];
  #reset = true;

  constructor(private readonly most: number) {}

  get size(): number {
    return this.#bars.size;
  }

  get isDirty(): boolean {
    return this.#reset || this.#dirty.size !== 0;
  }

  oldest(): number | undefined {
    return this.#sorted()[0];
  }

  newest(): number | undefined {
    return this.#sorted().at(-1);
  }

  get(start_us: number): Bar | undefined {
    return this.#bars.get(start_us);
  }

  /** The oldest bar that may still have changed while nothing was heard. */
  oldestUnsettled(): number | undefined {
    return this.#sorted().find((start) => this.#bars.get(start)?.state !== 'final');
  }

  /** Lays bars of the stream over what is held; gives back the starts that came incomplete and unknown. */
  stream(bars: BarData[]): number[] {
    const unknown: number[] = [];
    for (const data of bars) {
      const held = this.#bars.get(data.start);
      if (held === undefined && !isWhole(data)) {
        unknown.push(data.start);
        continue;
      }
      const { start, notional, ...fields } = data;
      const bar: Bar = { ...(held ?? emptyBar(start)), ...defined(fields) };
      this.#streamed.add(start);
      this.#put(bar);
    }
    this.#trim();
    return unknown;
  }

  /** Takes an answer of the REST API; what the stream has told is kept unless the answer is further on. */
  merge(bars: StoredBar[]): void {
    for (const stored of bars) {
      const bar = fromStored(stored);
      const held = this.#bars.get(bar.start_us);
      if (held === undefined || !this.#streamed.has(bar.start_us) || isFurther(bar, held)) {
        this.#put(bar);
      } else if (held.gap !== bar.gap) {
        this.#put({ ...held, gap: bar.gap });
      }
    }
    this.#trim();
  }

  /** Another epoch: the stream's word on earlier bars counts no more than any other. */
  distrust(): void {
    this.#streamed.clear();
  }

  /** Takes away what is held in `[from_us, to_us)` but neither answered nor streamed. */
  keepOnly(bars: StoredBar[], from_us: number, to_us: number): void {
    const answered = new Set(bars.map((bar) => bar.start));
    for (const start of this.#sorted().slice()) {
      if (start < from_us || to_us <= start) continue;
      if (answered.has(start) || this.#streamed.has(start)) continue;
      this.#bars.delete(start);
      this.#starts = null;
      this.#reset = true;
    }
  }

  /** What changed since this was last asked, in order; all of it after a reset. */
  take(): { reset: boolean; bars: Bar[] } {
    const reset = this.#reset;
    const starts = reset ? this.#sorted() : [...this.#dirty].sort((left, right) => left - right);
    const bars: Bar[] = [];
    for (const start of starts) {
      const bar = this.#bars.get(start);
      if (bar !== undefined) bars.push({ ...bar });
    }
    this.#reset = false;
    this.#dirty.clear();
    return { reset, bars };
  }

  #put(bar: Bar): void {
    if (!this.#bars.has(bar.start_us)) {
      const starts = this.#starts;
      const last = starts?.at(-1);
      if (starts !== null && (last === undefined || last < bar.start_us)) starts.push(bar.start_us);
      else this.#starts = null;
    }
    this.#bars.set(bar.start_us, bar);
    this.#dirty.add(bar.start_us);
  }

  #trim(): void {
    const excess = this.#bars.size - this.most;
    if (excess <= 0) return;
    // In strides, so that a series at its limit is not cut anew for every bar.
    for (const start of this.#sorted().splice(0, excess + Math.ceil(this.most / 20))) {
      this.#bars.delete(start);
      this.#streamed.delete(start);
      this.#dirty.delete(start);
    }
    this.#reset = true;
  }

  #sorted(): number[] {
    this.#starts ??= [...this.#bars.keys()].sort((left, right) => left - right);
    return this.#starts;
  }
}

function isWhole(data: BarData): boolean {
  return (
    data.open !== undefined &&
    data.high !== undefined &&
    data.low !== undefined &&
    data.close !== undefined &&
    data.state !== undefined
  );
}

function isFurther(bar: Bar, held: Bar): boolean {
  if (bar.rev !== held.rev) return held.rev < bar.rev;
  return PROGRESS.indexOf(held.state) < PROGRESS.indexOf(bar.state);
}

function defined(fields: Omit<BarData, 'start' | 'notional'>): Partial<Bar> {
  const { volume, ...others } = fields;
  return volume === undefined ? others : { ...others, volume: volume ?? '0' };
}

function fromStored({ start, ...fields }: StoredBar): Bar {
  return { start_us: start, ...fields };
}

function emptyBar(start_us: number): Bar {
  return {
    start_us,
    open: null,
    high: null,
    low: null,
    close: null,
    volume: '0',
    vwap: null,
    trades: 0,
    rev: 0,
    state: 'open',
    gap: false,
  };
}
