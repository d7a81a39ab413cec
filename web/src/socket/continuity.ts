/**
 * Whether a message continues what was seen: one position for each topic, moved only by what follows it.
 *
 * A gap is never guessed over. From the moment it is seen, nothing of that topic counts until the hub has
 * answered with `resumed` at our position or with a snapshot.
 */

import type { Position } from '../wire/command.ts';
import type { DataMessage } from '../wire/message.ts';

export type Verdict = 'apply' | 'drop' | 'gap';

interface Standing {
  position: Position | null;
  following: boolean;
}

export class Continuity {
  readonly #topics = new Map<string, Standing>();

  position(topic: string): Position | null {
    return this.#topics.get(topic)?.position ?? null;
  }

  isFollowing(topic: string): boolean {
    return this.#topics.get(topic)?.following ?? false;
  }

  /** Keeps where the topic stood and takes nothing but an answer to a new subscription. */
  await(topic: string): void {
    const standing = this.#topics.get(topic);
    if (standing) standing.following = false;
    else this.#topics.set(topic, { position: null, following: false });
  }

  /** Forgets the position too: only a snapshot will do. */
  awaitSnapshot(topic: string): void {
    this.#topics.set(topic, { position: null, following: false });
  }

  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  awaitAll(): void {
    for (const standing of this.#topics.values()) standing.following = false;
  }

  /** Judges the message and, where it counts, moves the topic's position. */
  judge(topic: string, message: DataMessage): Verdict {
    const standing = this.#topics.get(topic);
    if (standing === undefined) return 'drop';
    switch (message.op) {
      case 'snapshot':
        standing.position = { epoch: message.epoch, seq: message.seq };
        standing.following = true;
        return 'apply';
      case 'resumed':
        return judgeResumed(standing, message);
      case 'delta':
      case 'event':
        return judgeSpan(standing, message.first, message.last);
      case 'state':
        return standing.following ? 'apply' : 'drop';
    }
  }
}

function judgeResumed(standing: Standing, at: Position): Verdict {
  const ours = standing.position;
  if (ours === null) return 'gap';
  // The answer to an earlier question: deltas after it have been taken already.
  if (standing.following) return 'drop';
  if (ours.epoch !== at.epoch || ours.seq !== at.seq) return 'gap';
  standing.following = true;
  return 'apply';
}

function judgeSpan(standing: Standing, first: number, last: number): Verdict {
  if (!standing.following || standing.position === null) return 'drop';
  if (last <= standing.position.seq) return 'drop';
  if (first !== standing.position.seq + 1) {
    standing.following = false;
    return 'gap';
  }
  standing.position.seq = last;
  return 'apply';
}
