/** Watches over the silence of the hub. It only looks; whoever asks it acts. */

import type { Link } from './link.ts';

export const PATROL_MS = 1_000;
const CONNECT_MS = 10_000;
const PING_MS = 20_000;
/** A look so late means that this machine or tab slept: messages may lie unread. */
const LATE_MS = 4 * PATROL_MS;

export interface Finding {
  /** All is well; say something, so that the hub answers; give the connection up. */
  finding: 'well' | 'ask' | 'gone';
  silence_ms: number;
}

export class Vigil {
  #looked_ms: number;
  #asked_ms: number;
  /** Silence before this does not count: it was ours. */
  #woke_ms: number;

  constructor(now_ms: number) {
    this.#looked_ms = now_ms;
    this.#asked_ms = now_ms;
    this.#woke_ms = now_ms;
  }

  /** There is no connection to watch. */
  rest(now_ms: number): void {
    this.#looked_ms = now_ms;
  }

  look(now_ms: number, link: Link, welcome: { heartbeat_ms: number } | null): Finding {
    const slept = LATE_MS < now_ms - this.#looked_ms;
    this.#looked_ms = now_ms;
    if (slept) this.#woke_ms = now_ms;
    if (welcome === null) {
      const silence_ms = now_ms - Math.max(link.since_ms, this.#woke_ms);
      return { finding: CONNECT_MS < silence_ms ? 'gone' : 'well', silence_ms };
    }
    const silence_ms = now_ms - Math.max(link.heard_at_ms ?? link.since_ms, this.#woke_ms);
    if (2 * welcome.heartbeat_ms < silence_ms) return { finding: 'gone', silence_ms };
    if (!slept && now_ms - this.#asked_ms <= PING_MS) return { finding: 'well', silence_ms };
    this.#asked_ms = now_ms;
    return { finding: 'ask', silence_ms };
  }
}
