/** Answers of the REST API, read into the shapes and units of the socket: microseconds, decimals as text. */

import { type Decimal, isDecimal } from './decimal.ts';
import { WireError } from './message.ts';
import { type Fields, fieldsOf, integerOf, listOf, textOf } from './shape.ts';

export interface Page<T> {
  items: T[];
  /** The `cursor` of the next page. */
  next: string | null;
}

export interface Definition {
  instrument: string;
  description: string;
  price_exp: number;
  qty_exp: number;
}

export interface StoredBar {
  /** Microseconds since 1970 UTC. */
  start: number;
  open: Decimal | null;
  high: Decimal | null;
  low: Decimal | null;
  close: Decimal | null;
  volume: Decimal;
  vwap: Decimal | null;
  trades: number;
  rev: number;
  state: string;
  /** Recording is known to have missed something in it. */
  gap: boolean;
}

/** How the hub is, and what of that which it depends on is away. */
export interface Readiness {
  ready: boolean;
  away: { name: string; fault: string }[];
}

export function decodeReadiness(answer: unknown): Readiness {
  const { ready, dependencies } = fieldsOf(answer, 'an answer');
  if (typeof ready !== 'boolean') throw new WireError('ready is neither true nor false');
  const all = Object.entries(fieldsOf(dependencies, 'dependencies'));
  const away = all
    .map(([name, told]) => ({ name, ...fieldsOf(told, name) }) as Fields & { name: string })
    .filter(({ state }) => textOf(state, 'state') === 'down')
    .map(({ name, fault }) => ({ name, fault: typeof fault === 'string' ? fault : '' }));
  return { ready, away };
}

export function decodeInstruments(answer: unknown): Page<Definition> {
  return pageOf(answer, 'instruments', (fields) => ({
    instrument: textOf(fields.instrument, 'instrument'),
    description: typeof fields.description === 'string' ? fields.description : '',
    price_exp: integerOf(fields.price_exp ?? 0, 'price_exp'),
    qty_exp: integerOf(fields.qty_exp ?? 0, 'qty_exp'),
  }));
}

export function decodeBars(answer: unknown): Page<StoredBar> {
  return pageOf(answer, 'bars', (fields) => ({
    start: microseconds(textOf(fields.start, 'start')),
    open: decimalOrNull(fields.open),
    high: decimalOrNull(fields.high),
    low: decimalOrNull(fields.low),
    close: decimalOrNull(fields.close),
    volume: decimalOrNull(fields.volume) ?? '0',
    vwap: decimalOrNull(fields.vwap),
    trades: integerOf(fields.trades, 'trades'),
    rev: integerOf(fields.rev, 'rev'),
    state: textOf(fields.state, 'state'),
    gap: fields.gap === true,
  }));
}

/** Microseconds of an RFC 3339 time in UTC; what is finer is cut. */
export function microseconds(text: string): number {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(text);
  const whole_ms = parts === null ? Number.NaN : Date.parse(`${parts[1]}Z`);
  if (parts === null || Number.isNaN(whole_ms)) throw new WireError(`${text} is not a time in UTC`);
  return whole_ms * 1_000 + Number((parts[2] ?? '').padEnd(6, '0').slice(0, 6));
}

function pageOf<T>(answer: unknown, list: string, read: (fields: Fields) => T): Page<T> {
  const fields = fieldsOf(answer, 'an answer');
  const items = listOf(fields[list], list).map((item) => read(fieldsOf(item, list)));
  return { items, next: typeof fields.next === 'string' ? fields.next : null };
}

function decimalOrNull(value: unknown): Decimal | null {
  if (value === null || value === undefined) return null;
  if (isDecimal(value)) return value;
  throw new WireError('a value is not a decimal');
}
