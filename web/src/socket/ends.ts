/** The two ends of the client: the socket below it, and whoever it tells. */

import type { DataMessage, Refusal } from '../wire/message.ts';
import type { Link } from './link.ts';
import type { Topic } from './topics.ts';

/** What this client needs of a WebSocket. */
export type Socket = Pick<
  WebSocket,
  'protocol' | 'binaryType' | 'send' | 'close' | 'onopen' | 'onmessage' | 'onclose' | 'onerror'
>;

export interface ClientEvents {
  /** A message that continues its topic. */
  data(message: DataMessage): void;
  /** What is held of these topics may be out of date until the next snapshot or `resumed`. */
  doubt(topics: Iterable<Topic>): void;
  refused(topic: Topic, refusal: Refusal): void;
  link(link: Link): void;
}
