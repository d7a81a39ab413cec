/** Permission to send: so many messages a second, as `welcome.limits` grants. */

export class Budget {
  #tokens: number;
  #counted_ms: number;
  #per_second: number;

  constructor(now_ms: number, per_second: number) {
    this.#per_second = Math.max(1, per_second);
    this.#tokens = this.#per_second;
    this.#counted_ms = now_ms;
  }

  /** Zero where a message may go now, else how long to wait for it. */
  take(now_ms: number): number {
    const gained = (Math.max(0, now_ms - this.#counted_ms) / 1_000) * this.#per_second;
    this.#tokens = Math.min(this.#per_second, this.#tokens + gained);
    this.#counted_ms = now_ms;
    if (1 <= this.#tokens) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.ceil(((1 - this.#tokens) / this.#per_second) * 1_000);
  }
}
