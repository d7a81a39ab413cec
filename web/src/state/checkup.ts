/** Asks the hub how it is with what it depends on: once it is connected, then rarely, and only while somebody looks. */

import type { Rest } from '../socket/rest.ts';
import type { Readiness } from './shapes.ts';

const EVERY_MS = 5_000;

export class Checkup {
  /** Null where it is not known: without a connection that is the smaller worry. */
  told: Readiness | null = null;
  isDirty = false;
  #wanted = false;
  /** Counts on whenever what is on its way is of no use any more. */
  #round = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly rest: Pick<Rest, 'readiness'>,
    private readonly changed: () => void,
  ) {}

  look(is_live: boolean, is_hidden: boolean): void {
    if (!is_live) this.#tell(null);
    const wanted = is_live && !is_hidden;
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#round += 1;
    clearTimeout(this.#timer);
    if (wanted) void this.#ask(this.#round);
  }

  async #ask(round: number): Promise<void> {
    const found = await this.rest.readiness().catch(() => null);
    if (round !== this.#round) return;
    this.#tell(found);
    this.#timer = setTimeout(() => void this.#ask(round), EVERY_MS);
  }

  #tell(told: Readiness | null): void {
    if (JSON.stringify(told) === JSON.stringify(this.told)) return;
    this.told = told;
    this.isDirty = true;
    this.changed();
  }
}
