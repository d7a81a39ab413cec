/** Reads frames by the protocol that the hub chose for this connection. */

import { MSGPACK_PROTOCOL } from '../wire/command.ts';
import { decodeJsonFrame } from '../wire/json.ts';
import { type Message, WireError } from '../wire/message.ts';
import { MsgpackDecoder } from '../wire/msgpack.ts';

export class Frames {
  readonly #msgpack: MsgpackDecoder | null;

  constructor(protocol: string) {
    this.#msgpack = protocol === MSGPACK_PROTOCOL ? new MsgpackDecoder() : null;
  }

  decode(data: unknown): Message[] {
    if (this.#msgpack === null) {
      if (typeof data === 'string') return decodeJsonFrame(data);
    } else if (data instanceof ArrayBuffer) {
      return this.#msgpack.decodeFrame(new Uint8Array(data));
    }
    throw new WireError('a frame of the other protocol');
  }
}
