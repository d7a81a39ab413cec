/** Which topics are wanted, which of them the hub was told of, and what is to be said next. */

import type { Channel } from '../wire/channel.ts';
import type { Command, Position } from '../wire/command.ts';
import type { Refusal } from '../wire/message.ts';

export interface Topic {
  key: string;
  channel: Channel;
  instrument: string;
  tick_ms: number;
  /** What has to be said: nothing, "subscribe" (with our position, if there is one). */
  due: boolean;
  /** When the hub was last asked, null before. */
  asked_ms: number | null;
  refusal: Refusal | null;
}

/** Room that the watchlist leaves for the channels of the selected instrument. */
export const RESERVED_SUBSCRIPTIONS = 8;

/** So many names in one message stay far below the hub's limit of bytes, positions included. */
const NAMES_PER_COMMAND = 100;

export function topicKey(channel: string, instrument: string): string {
  return `${channel} ${instrument}`;
}

export class Topics {
  readonly #wanted = new Map<string, Topic>();
  readonly #leaving = new Map<string, { channel: Channel; instrument: string }>();

  get(key: string): Topic | undefined {
    return this.#wanted.get(key);
  }

  all(): Iterable<Topic> {
    return this.#wanted.values();
  }

  want(channel: Channel, instrument: string, tick_ms: number): boolean {
    const key = topicKey(channel, instrument);
    if (this.#wanted.has(key)) return false;
    const fresh = { key, channel, instrument, tick_ms, due: true, asked_ms: null, refusal: null };
    this.#wanted.set(key, fresh);
    this.#leaving.delete(key);
    return true;
  }

  leave(channel: Channel, instrument: string): boolean {
    const key = topicKey(channel, instrument);
    const topic = this.#wanted.get(key);
    if (topic === undefined) return false;
    this.#wanted.delete(key);
    if (topic.asked_ms !== null) this.#leaving.set(key, { channel, instrument });
    return true;
  }

  /** A new connection knows nothing of what was said on the last one. */
  startOver(): void {
    this.#leaving.clear();
    for (const topic of this.#wanted.values()) {
      topic.due = true;
      topic.asked_ms = null;
      topic.refusal = null;
    }
  }

  /** The next command, marked as said; undefined where nothing is due. */
  next(
    id: number,
    now_ms: number,
    subscriptions_max: number,
    positionOf: (key: string) => Position | null,
  ): Command | undefined {
    return (
      this.#nextUnsubscribe(id) ?? this.#nextSubscribe(id, now_ms, subscriptions_max, positionOf)
    );
  }

  #nextUnsubscribe(id: number): Command | undefined {
    const [first] = this.#leaving.values();
    if (first === undefined) return undefined;
    const instruments: string[] = [];
    for (const [key, { channel, instrument }] of this.#leaving) {
      if (channel !== first.channel || instruments.length === NAMES_PER_COMMAND) continue;
      instruments.push(instrument);
      this.#leaving.delete(key);
    }
    return { op: 'unsubscribe', id, channel: first.channel, instruments };
  }

  #nextSubscribe(
    id: number,
    now_ms: number,
    subscriptions_max: number,
    positionOf: (key: string) => Position | null,
  ): Command | undefined {
    let held = 0;
    const due: Topic[] = [];
    for (const topic of this.#wanted.values()) {
      if (topic.due) due.push(topic);
      if (topic.asked_ms !== null && topic.refusal === null) held += 1;
    }
    // The selected instrument is what the trader looks at: it goes first.
    const first = due.find(isSelected) ?? due[0];
    if (first === undefined) return undefined;
    const group: Topic[] = [];
    for (const topic of due) {
      if (topic.channel !== first.channel || topic.tick_ms !== first.tick_ms) continue;
      const room = subscriptions_max - (isSelected(topic) ? 0 : RESERVED_SUBSCRIPTIONS);
      if (topic.asked_ms === null && room <= held) {
        refuse(topic, room);
        continue;
      }
      if (topic.asked_ms === null) held += 1;
      topic.due = false;
      topic.asked_ms = now_ms;
      topic.refusal = null;
      group.push(topic);
      if (group.length === NAMES_PER_COMMAND) break;
    }
    // All of that channel were beyond the limit: go on with the others.
    if (group.length === 0) return this.#nextSubscribe(id, now_ms, subscriptions_max, positionOf);
    return subscribeTo(group, first, id, positionOf);
  }
}

function isSelected(topic: Topic): boolean {
  return topic.channel !== 'quote' && topic.channel !== 'stats';
}

function refuse(topic: Topic, room: number): void {
  topic.due = false;
  topic.refusal = {
    code: 'too_many_subscriptions',
    message: `beyond the ${room} subscriptions that the hub allows here`,
  };
}

function subscribeTo(
  group: Topic[],
  first: Topic,
  id: number,
  positionOf: (key: string) => Position | null,
): Command {
  const resume: Record<string, Position> = {};
  for (const topic of group) {
    const position = positionOf(topic.key);
    if (position !== null) resume[topic.instrument] = { ...position };
  }
  return {
    op: 'subscribe',
    id,
    channel: first.channel,
    instruments: group.map((topic) => topic.instrument),
    tick_ms: first.tick_ms,
    ...(Object.keys(resume).length === 0 ? {} : { resume }),
  };
}
