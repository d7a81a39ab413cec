/**
 * Hands things on at once, but not more often than every so often; what comes in between waits together.
 *
 * What waited goes with the next that comes when it is due, in the same paint. The timer is for the last of them.
 */

export function paced<T>(hand: (things: T[]) => void, every_ms: number) {
  /** Comings are never quite even: one that is this much early is taken for the one that was due. */
  const early_ms = every_ms / 4;
  let waiting: T[] = [];
  let passed_ms = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pass = (now_ms: number) => {
    clearTimeout(timer);
    timer = undefined;
    passed_ms = now_ms;
    const things = waiting;
    waiting = [];
    hand(things);
  };
  return {
    add(things: T[]): void {
      // One by one: a list may be longer than a call takes arguments.
      for (const thing of things) waiting.push(thing);
      const now_ms = performance.now();
      if (passed_ms + every_ms - early_ms <= now_ms) pass(now_ms);
      else timer ??= setTimeout(() => pass(performance.now()), 1.5 * every_ms);
    },
    clear(): void {
      clearTimeout(timer);
      timer = undefined;
      waiting = [];
      passed_ms = -Infinity;
    },
  };
}
