/** What this client says to the hub, and how either protocol writes it. */

import { encode } from '@msgpack/msgpack';
import type { Channel } from './channel.ts';

/** The last change a client has seen of one topic. */
export interface Position {
  epoch: string;
  seq: number;
}

export type Command =
  | {
      op: 'subscribe';
      id: number;
      channel: Channel;
      instruments: string[];
      tick_ms: number;
      resume?: Record<string, Position>;
    }
  | { op: 'unsubscribe'; id: number; channel: Channel; instruments: string[] }
  | { op: 'ping'; id: number };

export const JSON_PROTOCOL = 'tickwire.v1.json';
export const MSGPACK_PROTOCOL = 'tickwire.v1.msgpack';

/** In the order this client likes them. */
export const PROTOCOLS = [MSGPACK_PROTOCOL, JSON_PROTOCOL];

export function encodeCommand(
  protocol: string,
  command: Command,
): string | Uint8Array<ArrayBuffer> {
  return protocol === MSGPACK_PROTOCOL ? encode(command) : JSON.stringify(command);
}
