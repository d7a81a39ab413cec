/**
 * Where the fields of data messages stand in protocol `tickwire.v1.msgpack`.
 *
 * Fields are only ever appended, so a table here names the bits that this program knows, from 0 on.
 */

import type { ChannelKind } from './channel.ts';

export const CONTROL_CODES: Record<number, string> = {
  1: 'welcome',
  2: 'subscribed',
  3: 'unsubscribed',
  4: 'pong',
  5: 'authed',
  6: 'error',
  7: 'heartbeat',
  8: 'bye',
};

export const DATA_CODES = { delta: 16, event: 17, snapshot: 18, resumed: 19, state: 20 } as const;

/** Bits that mean the same on every channel. */
export const SHARED_BITS = { epoch: 16, price_exp: 17, qty_exp: 18, missed: 19, con: 20 } as const;

/** How a value is written: a mantissa of the price's or quantity's decimals and so on. */
export type Writing =
  | 'price'
  | 'qty'
  | 'notional'
  | 'vwap'
  | 'integer'
  | 'text'
  | 'side'
  | 'items'
  | 'bars';

export type Slot = readonly [name: string, writing: Writing];

export const CHANNEL_SLOTS: Record<ChannelKind, readonly Slot[]> = {
  quote: [
    ['bid', 'price'],
    ['bid_qty', 'qty'],
    ['ask', 'price'],
    ['ask_qty', 'qty'],
    ['ts', 'integer'],
    ['state', 'text'],
  ],
  stats: [
    ['last', 'price'],
    ['last_qty', 'qty'],
    ['open', 'price'],
    ['high', 'price'],
    ['low', 'price'],
    ['prev_close', 'price'],
    ['volume', 'qty'],
    ['notional', 'notional'],
    ['vwap', 'vwap'],
    ['trades', 'integer'],
    ['change', 'price'],
    ['ts', 'integer'],
  ],
  book: [
    ['bids', 'side'],
    ['asks', 'side'],
    ['ts', 'integer'],
    ['state', 'text'],
  ],
  trade: [['items', 'items']],
  bars: [['bars', 'bars']],
};

export const BAR_SLOTS: readonly Slot[] = [
  ['open', 'price'],
  ['high', 'price'],
  ['low', 'price'],
  ['close', 'price'],
  ['volume', 'qty'],
  ['notional', 'notional'],
  ['vwap', 'vwap'],
  ['trades', 'integer'],
  ['rev', 'integer'],
  ['state', 'text'],
];
