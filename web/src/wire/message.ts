/** Server messages as both codecs decode them: the same shapes whatever the bytes were. */

import type { Channel } from './channel.ts';
import type { Decimal } from './decimal.ts';

/** The frame cannot be read; what else it holds cannot be trusted either. */
export class WireError extends Error {
  override name = 'WireError';
}

export interface Limits {
  subscriptions_max?: number;
  frame_bytes_max?: number;
  messages_per_second?: number;
}

export interface TopicInfo {
  ref: number;
  price_exp: number;
  qty_exp: number;
}

export interface Refusal {
  code: string;
  message: string;
}

export interface QuoteData {
  bid?: Decimal | null;
  bid_qty?: Decimal | null;
  ask?: Decimal | null;
  ask_qty?: Decimal | null;
  /** Microseconds since 1970 UTC, like every time on this wire. */
  ts?: number | null;
  state?: string | null;
}

export interface StatsData {
  last?: Decimal | null;
  last_qty?: Decimal | null;
  open?: Decimal | null;
  high?: Decimal | null;
  low?: Decimal | null;
  prev_close?: Decimal | null;
  volume?: Decimal | null;
  notional?: Decimal | null;
  vwap?: Decimal | null;
  trades?: number | null;
  change?: Decimal | null;
  ts?: number | null;
}

export type Level = [price: Decimal, qty: Decimal];

export interface BookData {
  bids?: Level[];
  asks?: Level[];
  ts?: number | null;
  state?: string | null;
}

export interface Print {
  trade_id: string;
  price: Decimal;
  qty: Decimal;
  aggressor: string | null;
  ts: number;
}

export interface Cancel {
  cancel: string;
  ts: number;
}

export interface Correction {
  correct: string;
  price: Decimal;
  qty: Decimal;
  ts: number;
}

export type TradeItem = Print | Cancel | Correction;

export interface BarData {
  /** Microseconds since 1970 UTC; a bar is `[start, start + interval)`. */
  start: number;
  open?: Decimal | null;
  high?: Decimal | null;
  low?: Decimal | null;
  close?: Decimal | null;
  volume?: Decimal | null;
  notional?: Decimal | null;
  vwap?: Decimal | null;
  trades?: number;
  rev?: number;
  state?: string;
}

export type Data = QuoteData | StatsData | BookData | TradeItem[] | BarData[];

interface Topical {
  channel: Channel;
  instrument: string;
}

export interface Snapshot extends Topical {
  op: 'snapshot';
  epoch: string;
  seq: number;
  price_exp?: number;
  qty_exp?: number;
  /** After a loss on `trade`: how many items; null is "nobody knows". */
  missed?: number | null;
  data: Data;
}

export interface Resumed extends Topical {
  op: 'resumed';
  epoch: string;
  seq: number;
  state: string | null;
}

export interface Delta extends Topical {
  op: 'delta';
  first: number;
  last: number;
  con?: true;
  data: Data;
}

export interface Events extends Topical {
  op: 'event';
  first: number;
  last: number;
  missed?: number | null;
  data: TradeItem[];
}

export interface StateChange extends Topical {
  op: 'state';
  state: string;
}

export type DataMessage = Snapshot | Resumed | Delta | Events | StateChange;

export interface Welcome {
  op: 'welcome';
  session: string;
  server_time: number;
  heartbeat_ms: number;
  limits: Limits;
}

export interface Subscribed {
  op: 'subscribed';
  id: number | null;
  channel: string;
  tick_ms: number;
  instruments: Record<string, TopicInfo>;
  errors: Record<string, Refusal>;
}

export type ControlMessage =
  | Welcome
  | Subscribed
  | { op: 'unsubscribed'; id: number | null }
  | { op: 'pong'; id: number | null; server_time: number }
  | { op: 'authed'; id: number | null }
  | { op: 'error'; id: number | null; code: string; message: string }
  | { op: 'heartbeat'; server_time: number }
  | { op: 'bye'; reconnect_after_ms: number };

export type Message = DataMessage | ControlMessage;
