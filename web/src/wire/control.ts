/** Control messages: the same names in both codecs, so one reading serves both. */

import type { ControlMessage, Limits, Refusal, TopicInfo } from './message.ts';
import { type Fields, fieldsOf, integerOf, textOf } from './shape.ts';

/** The message of that name; undefined where this program does not know the name. */
export function controlOf(op: string, fields: Fields): ControlMessage | undefined {
  switch (op) {
    case 'welcome':
      return {
        op,
        session: String(fields.session),
        server_time: integerOf(fields.server_time, 'server_time'),
        heartbeat_ms: integerOf(fields.heartbeat_ms, 'heartbeat_ms'),
        limits: limitsOf(fieldsOf(fields.limits ?? {}, 'limits')),
      };
    case 'subscribed':
      return {
        op,
        id: idOf(fields),
        channel: textOf(fields.channel, 'channel'),
        tick_ms: integerOf(fields.tick_ms, 'tick_ms'),
        instruments: mapOf(fields.instruments, topicOf),
        errors: mapOf(fields.errors, refusalOf),
      };
    case 'unsubscribed':
    case 'authed':
      return { op, id: idOf(fields) };
    case 'pong':
      return { op, id: idOf(fields), server_time: integerOf(fields.server_time, 'server_time') };
    case 'error':
      return { op, id: idOf(fields), ...refusalOf(fields) };
    case 'heartbeat':
      return { op, server_time: integerOf(fields.server_time, 'server_time') };
    case 'bye':
      return {
        op,
        reconnect_after_ms: integerOf(fields.reconnect_after_ms ?? 0, 'reconnect_after_ms'),
      };
    default:
      return undefined;
  }
}

function idOf(fields: Fields): number | null {
  return typeof fields.id === 'number' ? fields.id : null;
}

function limitsOf(fields: Fields): Limits {
  const limits: Limits = {};
  for (const name of ['subscriptions_max', 'frame_bytes_max', 'messages_per_second'] as const) {
    if (fields[name] !== undefined) limits[name] = integerOf(fields[name], name);
  }
  return limits;
}

function topicOf(fields: Fields): TopicInfo {
  return {
    ref: integerOf(fields.ref, 'ref'),
    price_exp: integerOf(fields.price_exp, 'price_exp'),
    qty_exp: integerOf(fields.qty_exp, 'qty_exp'),
  };
}

function refusalOf(fields: Fields): Refusal {
  return { code: textOf(fields.code, 'code'), message: String(fields.message ?? '') };
}

function mapOf<T>(value: unknown, read: (fields: Fields) => T): Record<string, T> {
  const found: Record<string, T> = Object.create(null);
  for (const [name, inner] of Object.entries(fieldsOf(value ?? {}, 'a map of instruments'))) {
    found[name] = read(fieldsOf(inner, name));
  }
  return found;
}
