/** What the worker tells the page and the page tells the worker. Plain values: they cross between threads. */

import type { Link, Phase } from '../socket/link.ts';
import { INTERVALS, type Interval, intervalUs } from '../wire/channel.ts';
import type { Decimal } from '../wire/decimal.ts';
import type { Level } from '../wire/message.ts';
import type { Readiness } from '../wire/rest.ts';

export {
  type Decimal,
  INTERVALS,
  type Interval,
  intervalUs,
  type Level,
  type Link,
  type Phase,
  type Readiness,
};

/** One line of the watchlist: what is known of an instrument. */
export interface Row {
  instrument: string;
  description: string;
  bid: Decimal | null;
  bid_qty: Decimal | null;
  ask: Decimal | null;
  ask_qty: Decimal | null;
  last: Decimal | null;
  last_qty: Decimal | null;
  open: Decimal | null;
  high: Decimal | null;
  low: Decimal | null;
  prev_close: Decimal | null;
  change: Decimal | null;
  volume: Decimal | null;
  vwap: Decimal | null;
  trades: number | null;
  /** Venue time of the newest change of quote or statistics, in microseconds; null before any. */
  ts_us: number | null;
  /** The hub's word; null before the first. */
  state: string | null;
  /** Whether what is shown is known to be the hub's present view. */
  confirmed: boolean;
  /** Why the hub does not send this instrument; null where it does. */
  refusal: string | null;
}

export interface BookView {
  instrument: string;
  depth: number;
  /** Best first. */
  bids: Level[];
  asks: Level[];
  ts_us: number | null;
  state: string | null;
  confirmed: boolean;
  refusal: string | null;
  seq: number;
  epoch: string;
}

export type TapeRow = { n: number } & (
  | {
      kind: 'print';
      trade_id: string;
      price: Decimal;
      qty: Decimal;
      aggressor: string | null;
      ts_us: number;
      canceled: boolean;
      /** What it said before it was corrected. */
      before: { price: Decimal; qty: Decimal } | null;
    }
  /** A word between prints: what was missed, or what happened to a print that is not on this tape. */
  | { kind: 'note'; text: string; ts_us: number | null }
);

export interface Bar {
  start_us: number;
  open: Decimal | null;
  high: Decimal | null;
  low: Decimal | null;
  close: Decimal | null;
  volume: Decimal;
  vwap: Decimal | null;
  trades: number;
  rev: number;
  state: string;
  gap: boolean;
}

export interface Selection {
  instrument: string;
  interval: Interval;
  depth: number;
}

export interface History {
  phase: 'loading' | 'ready' | 'failed';
  /** Nothing older exists, or no more is kept. */
  complete: boolean;
  error: string;
}

/** Whatever changed since the last patch; at most one on its way to the page at any time. */
export interface Patch {
  link?: Link;
  /** Null: not known. */
  readiness?: Readiness | null;
  rows?: Row[];
  /** How the list of instruments came: empty text is "as it should". */
  instruments?: { loaded: boolean; error: string };
  book?: BookView;
  tape?: { instrument: string; reset: boolean; rows: TapeRow[]; confirmed: boolean };
  bars?: {
    instrument: string;
    interval: Interval;
    reset: boolean;
    bars: Bar[];
    confirmed: boolean;
  };
  history?: History & { instrument: string; interval: Interval };
}

export type Ask =
  /** The page has painted what it had and takes the next patch. */
  | { ask: 'patch' }
  | { ask: 'select'; selection: Selection }
  | { ask: 'older' }
  | { ask: 'retry' }
  | { ask: 'hidden'; hidden: boolean };

/** From the worker: a patch, or, while the tab is hidden, the one price that its title shows. */
export type Told = { patch: Patch } | { glance: Row };

export const TAPE_ROWS_MAX = 500;
export const BARS_MAX = 20_000;
export const DEPTHS = [10, 20, 50] as const;
