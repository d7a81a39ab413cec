/** Hands things on at once, but not more often than every so often; what comes in between waits together. */

export function paced<T>(hand: (things: T[]) => void, every_ms: number) {
  let waiting: T[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    timer = undefined;
    if (waiting.length !== 0) pass();
  };
  const pass = () => {
    const things = waiting;
    waiting = [];
    timer = setTimeout(open, every_ms);
    hand(things);
  };
  return {
    add(things: T[]): void {
      // One by one: a list may be longer than a call takes arguments.
      for (const thing of things) waiting.push(thing);
      if (timer === undefined) pass();
    },
    clear(): void {
      clearTimeout(timer);
      timer = undefined;
      waiting = [];
    },
  };
}
