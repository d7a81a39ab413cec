/** Protocol `tickwire.v1.json`: text frames, each an array of messages. */

import { type Channel, type ChannelKind, kindOf } from './channel.ts';
import { controlOf } from './control.ts';
import type {
  BarData,
  BookData,
  Data,
  DataMessage,
  Level,
  Message,
  QuoteData,
  StatsData,
  TradeItem,
} from './message.ts';
import { WireError } from './message.ts';
import { decimalOf, type Fields, fieldsOf, integerOf, listOf, textOf } from './shape.ts';

const DATA_OPS = new Set(['snapshot', 'resumed', 'delta', 'event', 'state']);

/** Messages of one frame, in order; those of unknown names or channels are left out. */
export function decodeJsonFrame(text: string): Message[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new WireError('a frame is not JSON');
  }
  return decodeJsonMessages(parsed);
}

export function decodeJsonMessages(parsed: unknown): Message[] {
  const messages: Message[] = [];
  for (const item of listOf(parsed, 'a frame')) {
    const fields = fieldsOf(item, 'a message');
    const op = textOf(fields.op, 'op');
    const message = DATA_OPS.has(op) ? dataMessageOf(op, fields) : controlOf(op, fields);
    if (message !== undefined) messages.push(message);
  }
  return messages;
}

function dataMessageOf(op: string, fields: Fields): DataMessage | undefined {
  const kind = kindOf(textOf(fields.channel, 'channel'));
  if (kind === undefined) return undefined;
  const place = {
    channel: fields.channel as Channel,
    instrument: textOf(fields.instrument, 'instrument'),
  };
  switch (op) {
    case 'snapshot': {
      const { epoch, seq } = standOf(fields);
      const message: DataMessage = { op, ...place, epoch, seq, data: dataOf(kind, fields.data) };
      if (fields.price_exp !== undefined) {
        message.price_exp = integerOf(fields.price_exp, 'price_exp');
      }
      if (fields.qty_exp !== undefined) message.qty_exp = integerOf(fields.qty_exp, 'qty_exp');
      if (fields.missed !== undefined) message.missed = missedOf(fields.missed);
      return message;
    }
    case 'resumed':
      return { op, ...place, ...standOf(fields), state: nullOr(fields.state ?? null, textOf, op) };
    case 'delta': {
      const message: DataMessage = {
        op,
        ...place,
        ...spanOf(fields),
        data: dataOf(kind, fields.data),
      };
      if (fields.con === true) message.con = true;
      return message;
    }
    case 'event': {
      const message: DataMessage = { op, ...place, ...spanOf(fields), data: itemsOf(fields.data) };
      if (fields.missed !== undefined) message.missed = missedOf(fields.missed);
      return message;
    }
    case 'state':
      return { op, ...place, state: textOf(fields.state, 'state') };
    default:
      return undefined;
  }
}

function standOf(fields: Fields): { epoch: string; seq: number } {
  return { epoch: textOf(fields.epoch, 'epoch'), seq: integerOf(fields.seq, 'seq') };
}

function spanOf(fields: Fields): { first: number; last: number } {
  return { first: integerOf(fields.first, 'first'), last: integerOf(fields.last, 'last') };
}

function missedOf(value: unknown): number | null {
  return nullOr(value, integerOf, 'missed');
}

function nullOr<T>(
  value: unknown,
  read: (value: unknown, what: string) => T,
  what: string,
): T | null {
  return value === null ? null : read(value, what);
}

function dataOf(kind: ChannelKind, value: unknown): Data {
  switch (kind) {
    case 'quote':
      return picked<QuoteData>(value, QUOTE);
    case 'stats':
      return picked<StatsData>(value, STATS);
    case 'book':
      return bookOf(fieldsOf(value, 'data'));
    case 'trade':
      return itemsOf(value);
    case 'bars':
      return listOf(value, 'data').map(barOf);
  }
}

type Reader = (value: unknown, what: string) => unknown;

const readers = (reader: Reader, names: string): [string, Reader][] =>
  names.split(' ').map((name) => [name, reader]);

const QUOTE = [
  ...readers(decimalOf, 'bid bid_qty ask ask_qty'),
  ...readers(integerOf, 'ts'),
  ...readers(textOf, 'state'),
];
const STATS = [
  ...readers(decimalOf, 'last last_qty open high low prev_close volume notional vwap change'),
  ...readers(integerOf, 'trades ts'),
];
const BAR = [
  ...readers(decimalOf, 'open high low close volume notional vwap'),
  ...readers(integerOf, 'trades rev'),
  ...readers(textOf, 'state'),
];

/** The known fields that are there; null stays null, "none". */
function picked<T>(value: unknown, known: [string, Reader][]): T {
  const fields = fieldsOf(value, 'data');
  const found: Fields = {};
  for (const [name, read] of known) {
    const inner = fields[name];
    if (inner !== undefined) found[name] = inner === null ? null : read(inner, name);
  }
  return found as T;
}

function bookOf(fields: Fields): BookData {
  const book: BookData = {};
  if (fields.bids !== undefined) book.bids = sideOf(fields.bids);
  if (fields.asks !== undefined) book.asks = sideOf(fields.asks);
  if (fields.ts !== undefined) book.ts = nullOr(fields.ts, integerOf, 'ts');
  if (fields.state !== undefined) book.state = nullOr(fields.state, textOf, 'state');
  return book;
}

function sideOf(value: unknown): Level[] {
  return listOf(value, 'a side').map((level) => {
    const [price, qty] = listOf(level, 'a level');
    return [decimalOf(price, 'price'), decimalOf(qty, 'qty')];
  });
}

export function itemsOf(value: unknown): TradeItem[] {
  return listOf(value, 'data').map((item) => itemOf(fieldsOf(item, 'an item')));
}

function itemOf(fields: Fields): TradeItem {
  const ts = integerOf(fields.ts, 'ts');
  if (fields.cancel !== undefined) return { cancel: textOf(fields.cancel, 'cancel'), ts };
  const price = decimalOf(fields.price, 'price');
  const qty = decimalOf(fields.qty, 'qty');
  if (fields.correct !== undefined) {
    return { correct: textOf(fields.correct, 'correct'), price, qty, ts };
  }
  const trade_id = textOf(fields.trade_id, 'trade_id');
  return {
    trade_id,
    price,
    qty,
    aggressor: nullOr(fields.aggressor ?? null, textOf, 'aggressor'),
    ts,
  };
}

function barOf(value: unknown): BarData {
  const start = integerOf(fieldsOf(value, 'a bar').start, 'start');
  return { start, ...picked<Omit<BarData, 'start'>>(value, BAR) };
}
