/**
 * Protocol `tickwire.v1.msgpack`: binary frames of positional messages.
 *
 * A decoder belongs to one connection: what a `ref` stands for was told there in `subscribed`.
 */

import { decodeMulti } from '@msgpack/msgpack';
import { type Channel, type ChannelKind, kindOf } from './channel.ts';
import { controlOf } from './control.ts';
import { type Decimal, mantissaText } from './decimal.ts';
import {
  BAR_SLOTS,
  CHANNEL_SLOTS,
  CONTROL_CODES,
  DATA_CODES,
  SHARED_BITS,
  type Slot,
} from './layout.ts';
import type {
  BarData,
  Data,
  DataMessage,
  Level,
  Message,
  Subscribed,
  TradeItem,
} from './message.ts';
import { WireError } from './message.ts';
import { type Fields, fieldsOf, integerOf, listOf, textOf } from './shape.ts';

interface Topic {
  kind: ChannelKind;
  channel: Channel;
  instrument: string;
  price_exp: number;
  qty_exp: number;
}

export class MsgpackDecoder {
  readonly #topics = new Map<number, Topic>();

  /** Messages of one frame, in order; unknown codes and references are left out. */
  decodeFrame(bytes: Uint8Array): Message[] {
    let frames: unknown[];
    try {
      frames = [...decodeMulti(bytes, { useBigInt64: true })];
    } catch {
      throw new WireError('a frame is not MessagePack');
    }
    if (frames.length !== 1) throw new WireError('a frame is not one array of messages');
    const messages: Message[] = [];
    for (const item of listOf(frames[0], 'a frame')) {
      const message = this.#messageOf(listOf(item, 'a message'));
      if (message !== undefined) messages.push(message);
    }
    return messages;
  }

  #messageOf(parts: unknown[]): Message | undefined {
    const code = integerOf(parts[0], 'a code');
    const op = CONTROL_CODES[code];
    if (op === undefined) return this.#dataMessageOf(code, parts);
    const message = controlOf(op, fieldsOf(parts[1], op));
    if (message?.op === 'subscribed') this.#learn(message);
    return message;
  }

  #learn(message: Subscribed): void {
    const kind = kindOf(message.channel);
    if (kind === undefined) return;
    for (const [instrument, { ref, price_exp, qty_exp }] of Object.entries(message.instruments)) {
      const channel = message.channel as Channel;
      this.#topics.set(ref, { kind, channel, instrument, price_exp, qty_exp });
    }
  }

  #dataMessageOf(code: number, parts: unknown[]): DataMessage | undefined {
    if (code < DATA_CODES.delta || DATA_CODES.state < code) return undefined;
    const topic = this.#topics.get(integerOf(parts[1], 'ref'));
    if (topic === undefined) return undefined;
    const values = valuesOf(integerOf(parts[4], 'mask'), parts, 5);
    const place = { channel: topic.channel, instrument: topic.instrument };
    if (code === DATA_CODES.state) {
      return { op: 'state', ...place, state: textOf(stateOf(topic, values), 'state') };
    }
    const last = integerOf(parts[2], 'last');
    if (code === DATA_CODES.resumed) {
      const state = stateOf(topic, values) ?? null;
      const epoch = textOf(values.get(SHARED_BITS.epoch), 'epoch');
      return { op: 'resumed', ...place, epoch, seq: last, state: state as string | null };
    }
    if (code === DATA_CODES.snapshot) return snapshotOf(topic, last, values);
    const first = last - integerOf(parts[3], 'count') + 1;
    const data = dataOf(topic, values);
    if (code === DATA_CODES.delta) {
      const con = values.get(SHARED_BITS.con) === true ? { con: true as const } : {};
      return { op: 'delta', ...place, first, last, ...con, data };
    }
    return { op: 'event', ...place, first, last, ...missedOf(values), data: data as TradeItem[] };
  }
}

/** The values by bit. Bits this program does not know take their value too, and it is passed over. */
function valuesOf(mask: number, parts: unknown[], from: number): Map<number, unknown> {
  const values = new Map<number, unknown>();
  let at = from;
  for (let bit = 0; bit < 53 && 2 ** bit <= mask; bit++) {
    if (Math.floor(mask / 2 ** bit) % 2 === 0) continue;
    if (parts.length <= at) throw new WireError('a message is shorter than its mask says');
    values.set(bit, parts[at]);
    at += 1;
  }
  return values;
}

function stateOf(topic: Topic, values: Map<number, unknown>): unknown {
  return values.get(CHANNEL_SLOTS[topic.kind].findIndex(([name]) => name === 'state'));
}

function missedOf(values: Map<number, unknown>): { missed?: number | null } {
  if (!values.has(SHARED_BITS.missed)) return {};
  const missed = values.get(SHARED_BITS.missed) ?? null;
  return { missed: missed === null ? null : integerOf(missed, 'missed') };
}

function snapshotOf(topic: Topic, seq: number, values: Map<number, unknown>): DataMessage {
  const widened: { price_exp?: number; qty_exp?: number } = {};
  for (const name of ['price_exp', 'qty_exp'] as const) {
    const value = values.get(SHARED_BITS[name]);
    if (value === undefined) continue;
    widened[name] = integerOf(value, name);
    topic[name] = widened[name];
  }
  return {
    op: 'snapshot',
    channel: topic.channel,
    instrument: topic.instrument,
    epoch: textOf(values.get(SHARED_BITS.epoch), 'epoch'),
    seq,
    ...widened,
    ...missedOf(values),
    // After the exponents: they hold for the values beside them.
    data: dataOf(topic, values),
  };
}

function dataOf(topic: Topic, values: Map<number, unknown>): Data {
  const data = pickedOf(topic, CHANNEL_SLOTS[topic.kind], values);
  if (topic.kind === 'trade') return (data.items ?? []) as TradeItem[];
  if (topic.kind === 'bars') return (data.bars ?? []) as BarData[];
  return data;
}

function pickedOf(topic: Topic, slots: readonly Slot[], values: Map<number, unknown>): Fields {
  const found: Fields = {};
  for (const [bit, [name, writing]] of slots.entries()) {
    const value = values.get(bit);
    if (value !== undefined) found[name] = value === null ? null : readValue(topic, writing, value);
  }
  return found;
}

function readValue(topic: Topic, writing: Slot[1], value: unknown): unknown {
  switch (writing) {
    case 'price':
      return decimal(value, topic.price_exp);
    case 'qty':
      return decimal(value, topic.qty_exp);
    case 'notional':
      return decimal(value, topic.price_exp + topic.qty_exp);
    case 'vwap':
      return decimal(value, topic.price_exp + 8);
    case 'integer':
      return integerOf(value, 'a number');
    case 'text':
      return textOf(value, 'a word');
    case 'side':
      return sideOf(topic, listOf(value, 'a side'));
    case 'items':
      return listOf(value, 'items').map((item) => itemOf(topic, listOf(item, 'an item')));
    case 'bars':
      return listOf(value, 'bars').map((bar) => barOf(topic, listOf(bar, 'a bar')));
  }
}

function decimal(value: unknown, exp: number): Decimal {
  if (typeof value === 'bigint') return mantissaText(value, exp);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return mantissaText(value, exp);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return mantissaText(value, exp);
  throw new WireError('a mantissa is not an integer');
}

function sideOf(topic: Topic, flat: unknown[]): Level[] {
  if (flat.length % 2 !== 0) throw new WireError('a side has a price without a quantity');
  const levels: Level[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const qty = flat[at + 1];
    // JSON removes a level with a bare "0", and so does this, whatever the decimals are.
    const gone = qty === 0 || qty === 0n;
    levels.push([decimal(flat[at], topic.price_exp), gone ? '0' : decimal(qty, topic.qty_exp)]);
  }
  return levels;
}

function itemOf(topic: Topic, parts: unknown[]): TradeItem {
  const id = textOf(parts[1], 'trade_id');
  switch (parts[0]) {
    case 0: {
      const aggressor = parts[4] === null ? null : textOf(parts[4], 'aggressor');
      const [price, qty] = [decimal(parts[2], topic.price_exp), decimal(parts[3], topic.qty_exp)];
      return { trade_id: id, price, qty, aggressor, ts: integerOf(parts[5], 'ts') };
    }
    case 1:
      return { cancel: id, ts: integerOf(parts[2], 'ts') };
    case 2: {
      const [price, qty] = [decimal(parts[2], topic.price_exp), decimal(parts[3], topic.qty_exp)];
      return { correct: id, price, qty, ts: integerOf(parts[4], 'ts') };
    }
    default:
      // An item that cannot be shown must not be passed over: the tape may not lose prints silently.
      throw new WireError(`an item of an unknown kind ${String(parts[0])}`);
  }
}

function barOf(topic: Topic, parts: unknown[]): BarData {
  const start = integerOf(parts[0], 'start');
  const values = valuesOf(integerOf(parts[1], 'mask'), parts, 2);
  return { start, ...pickedOf(topic, BAR_SLOTS, values) };
}
