/** Folds quotes and statistics into the lines of the watchlist. */

import type { DataMessage, QuoteData, StatsData } from '../wire/message.ts';
import type { Row } from './shapes.ts';

interface Line {
  row: Row;
  quote_ts_us: number | null;
  stats_ts_us: number | null;
  quote_confirmed: boolean;
  stats_confirmed: boolean;
}

export class Rows {
  readonly #lines = new Map<string, Line>();
  readonly #dirty = new Set<string>();

  /** Whether the instrument is new here. */
  add(instrument: string, description: string): boolean {
    if (this.#lines.has(instrument)) return false;
    this.#lines.set(instrument, {
      row: emptyRow(instrument, description),
      quote_ts_us: null,
      stats_ts_us: null,
      quote_confirmed: false,
      stats_confirmed: false,
    });
    this.#dirty.add(instrument);
    return true;
  }

  get(instrument: string): Row | undefined {
    return this.#lines.get(instrument)?.row;
  }

  apply(message: DataMessage): void {
    const line = this.#lines.get(message.instrument);
    if (line === undefined) return;
    this.#dirty.add(message.instrument);
    const is_quote = message.channel === 'quote';
    if (message.op === 'snapshot') forget(line, is_quote);
    if (message.op === 'snapshot' || message.op === 'resumed') {
      line.row.refusal = null;
      if (is_quote) line.quote_confirmed = true;
      else line.stats_confirmed = true;
    }
    if (message.op === 'state' || message.op === 'resumed') {
      if (is_quote && message.state !== null) line.row.state = message.state;
    } else if (is_quote) {
      lay(line, 'quote_ts_us', message.data as QuoteData);
    } else {
      lay(line, 'stats_ts_us', message.data as StatsData);
    }
    line.row.confirmed = line.quote_confirmed && line.stats_confirmed;
  }

  doubt(channel: string, instrument: string): void {
    const line = this.#lines.get(instrument);
    if (line === undefined) return;
    if (channel === 'quote') line.quote_confirmed = false;
    else line.stats_confirmed = false;
    line.row.confirmed = false;
    this.#dirty.add(instrument);
  }

  refuse(instrument: string, reason: string): void {
    const line = this.#lines.get(instrument);
    if (line === undefined || line.row.refusal === reason) return;
    line.row.refusal = reason;
    this.#dirty.add(instrument);
  }

  /** Copies of the lines that changed since this was last asked. */
  take(): Row[] {
    const rows: Row[] = [];
    for (const instrument of this.#dirty) {
      const line = this.#lines.get(instrument);
      if (line !== undefined) rows.push({ ...line.row });
    }
    this.#dirty.clear();
    return rows;
  }

  get isDirty(): boolean {
    return this.#dirty.size !== 0;
  }
}

function lay(line: Line, clock: 'quote_ts_us' | 'stats_ts_us', data: QuoteData | StatsData): void {
  const { ts, ...fields } = data;
  Object.assign(line.row, fields);
  if (ts !== undefined) line[clock] = ts;
  const newest_us = Math.max(line.quote_ts_us ?? 0, line.stats_ts_us ?? 0);
  line.row.ts_us = newest_us === 0 ? null : newest_us;
}

/** A snapshot is the whole truth of its channel: what it does not name is not there. */
function forget(line: Line, is_quote: boolean): void {
  const empty = emptyRow(line.row.instrument, line.row.description);
  const { bid, bid_qty, ask, ask_qty, state, ts_us, confirmed, refusal, ...stats } = empty;
  Object.assign(line.row, is_quote ? { bid, bid_qty, ask, ask_qty, state } : stats);
  if (is_quote) line.quote_ts_us = ts_us;
  else line.stats_ts_us = ts_us;
}

function emptyRow(instrument: string, description: string): Row {
  return {
    instrument,
    description,
    bid: null,
    bid_qty: null,
    ask: null,
    ask_qty: null,
    last: null,
    last_qty: null,
    open: null,
    high: null,
    low: null,
    prev_close: null,
    change: null,
    volume: null,
    vwap: null,
    trades: null,
    ts_us: null,
    state: null,
    confirmed: false,
    refusal: null,
  };
}
