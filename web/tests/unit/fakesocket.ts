/** A WebSocket that a test scripts: what the client says is written down, what the hub says is put in. */

import type { Socket } from '../../src/socket/ends.ts';
import { JSON_PROTOCOL } from '../../src/wire/command.ts';

type Handler<E> = ((this: WebSocket, event: E) => unknown) | null;

export class FakeSocket implements Socket {
  protocol = JSON_PROTOCOL;
  binaryType: BinaryType = 'blob';
  onopen: Handler<Event> = null;
  onmessage: Handler<MessageEvent> = null;
  onclose: Handler<CloseEvent> = null;
  onerror: Handler<Event> = null;
  closed = false;
  readonly said: Record<string, unknown>[] = [];

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    this.said.push(JSON.parse(String(data)));
  }

  close(): void {
    this.closed = true;
  }

  /** The handshake and the hub's first message. */
  welcome(limits: object = { subscriptions_max: 2_000, messages_per_second: 50 }): void {
    this.onopen?.call(this as never, {} as Event);
    const server_time = Date.now() * 1_000;
    this.hear({ op: 'welcome', session: 's', server_time, heartbeat_ms: 5_000, limits });
  }

  hear(...messages: object[]): void {
    this.onmessage?.call(this as never, { data: JSON.stringify(messages) } as MessageEvent);
  }

  end(code: number, reason = ''): void {
    this.onclose?.call(this as never, { code, reason } as CloseEvent);
  }

  /** The subscriptions asked for so far, as `channel name@seq`. */
  subscriptions(): string[] {
    return this.said
      .filter(({ op }) => op === 'subscribe')
      .flatMap((command) => {
        const { channel, instruments, resume } = command as {
          channel: string;
          instruments: string[];
          resume?: Record<string, { epoch: string; seq: number }>;
        };
        return instruments.map((name) => {
          const at = resume?.[name];
          return at === undefined
            ? `${channel} ${name}`
            : `${channel} ${name}@${at.epoch}:${at.seq}`;
        });
      });
  }
}
