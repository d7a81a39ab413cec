/** Writes messages as the hub does, in either protocol. Its tables are its own: it checks the page's. */

import { encode } from '@msgpack/msgpack';

export type Message = Record<string, unknown> & { op: string };

const CONTROL = [
  '',
  'welcome',
  'subscribed',
  'unsubscribed',
  'pong',
  'authed',
  'error',
  'heartbeat',
  'bye',
];
const CODES: Record<string, number> = {
  delta: 16,
  event: 17,
  snapshot: 18,
  resumed: 19,
  state: 20,
};
const FIELDS: Record<string, string[]> = {
  quote: ['bid', 'bid_qty', 'ask', 'ask_qty', 'ts', 'state'],
  stats: [
    'last',
    'last_qty',
    'open',
    'high',
    'low',
    'prev_close',
    'volume',
    'notional',
    'vwap',
    'trades',
    'change',
    'ts',
  ],
  book: ['bids', 'asks', 'ts', 'state'],
  bar: ['open', 'high', 'low', 'close', 'volume', 'notional', 'vwap', 'trades', 'rev', 'state'],
};
const QTY = ['bid_qty', 'ask_qty', 'last_qty', 'volume', 'qty'];
const PLAIN = ['ts', 'state', 'trades', 'rev'];

export interface Exps {
  price: number;
  qty: number;
}

export function encodeFrame(
  protocol: string,
  messages: Message[],
  refOf: (channel: string, instrument: string) => { ref: number; exps: Exps },
): string | Uint8Array {
  if (protocol === 'tickwire.v1.json') return JSON.stringify(messages);
  const parts = messages.map((message) => {
    const control = CONTROL.indexOf(message.op);
    if (0 < control) {
      const { op, ...fields } = message;
      return [control, fields];
    }
    const { ref, exps } = refOf(String(message.channel), String(message.instrument));
    return positional(message, ref, exps);
  });
  return encode(parts, { useBigInt64: true });
}

function positional(message: Message, ref: number, exps: Exps): unknown[] {
  const kind = String(message.channel).split('.')[0] ?? '';
  const values = new Map<number, unknown>();
  const { data } = message;
  if (kind === 'trade' && data !== undefined)
    values.set(
      0,
      (data as object[]).map((item) => itemOf(item, exps)),
    );
  else if (kind === 'bars' && data !== undefined)
    values.set(
      0,
      (data as object[]).map((bar) => barOf(bar, exps)),
    );
  else if (data !== undefined)
    spread(values, FIELDS[kind] ?? [], data as Record<string, unknown>, exps);
  const state_bit = (FIELDS[kind] ?? []).indexOf('state');
  if (typeof message.state === 'string' && 0 <= state_bit) values.set(state_bit, message.state);
  for (const [bit, name] of [
    [16, 'epoch'],
    [17, 'price_exp'],
    [18, 'qty_exp'],
    [19, 'missed'],
    [20, 'con'],
  ] as const) {
    if (message[name] !== undefined) values.set(bit, message[name]);
  }
  const last = (message.last ?? message.seq ?? null) as number | null;
  const count = message.first === undefined ? 0 : Number(message.last) - Number(message.first) + 1;
  return [CODES[message.op], ref, last, count, ...masked(values)];
}

function masked(values: Map<number, unknown>): unknown[] {
  const bits = [...values.keys()].sort((left, right) => left - right);
  return [bits.reduce((mask, bit) => mask + 2 ** bit, 0), ...bits.map((bit) => values.get(bit))];
}

function spread(
  values: Map<number, unknown>,
  names: string[],
  data: Record<string, unknown>,
  exps: Exps,
): void {
  for (const [bit, name] of names.entries()) {
    if (data[name] !== undefined) values.set(bit, written(name, data[name], exps));
  }
}

function written(name: string, value: unknown, exps: Exps): unknown {
  if (value === null) return null;
  if (name === 'ts') return BigInt(value as number);
  if (PLAIN.includes(name)) return value;
  if (name === 'bids' || name === 'asks') {
    return (value as [string, string][]).flatMap(([price, qty]) => [
      mantissa(price, exps.price),
      mantissa(qty, exps.qty),
    ]);
  }
  if (name === 'notional') return mantissa(String(value), exps.price + exps.qty);
  if (name === 'vwap') return mantissa(String(value), exps.price + 8);
  return mantissa(String(value), QTY.includes(name) ? exps.qty : exps.price);
}

function mantissa(text: string, exp: number): number | bigint | string {
  const [whole = '', fraction = ''] = text.split('.');
  const digits = BigInt(whole + fraction.padEnd(exp, '0'));
  if (-(2n ** 63n) <= digits && digits < 2n ** 63n) {
    return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
  }
  return digits.toString();
}

function itemOf(item: object, exps: Exps): unknown[] {
  const fields = item as Record<string, string | number | null>;
  const ts = BigInt(fields.ts ?? 0);
  if (fields.cancel !== undefined) return [1, fields.cancel, ts];
  const price = mantissa(String(fields.price), exps.price);
  const qty = mantissa(String(fields.qty), exps.qty);
  if (fields.correct !== undefined) return [2, fields.correct, price, qty, ts];
  return [0, fields.trade_id, price, qty, fields.aggressor, ts];
}

function barOf(bar: object, exps: Exps): unknown[] {
  const values = new Map<number, unknown>();
  const fields = bar as Record<string, unknown>;
  spread(values, FIELDS.bar ?? [], fields, exps);
  return [BigInt(fields.start as number), ...masked(values)];
}
