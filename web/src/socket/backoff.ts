/** How long to wait before the next attempt: longer each time, and never all clients at once. */

export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_MOST_MS = 15_000;

/** A connection that lived so long was a good one: the next loss starts from the shortest wait again. */
export const SETTLED_MS = 10_000;

export class Backoff {
  #failures = 0;

  constructor(private readonly random: () => number) {}

  /** The wait before the next attempt, at least `floor_ms`. */
  next(floor_ms = 0): number {
    const full_ms = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    return Math.max(floor_ms, 0) + Math.round(full_ms * (0.5 + this.random() / 2));
  }

  settle(): void {
    this.#failures = 0;
  }
}
