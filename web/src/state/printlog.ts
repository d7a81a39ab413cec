/** The tape on the page's side: newest first, bounded, each row an object of its own until it changes. */

import { createSignal } from 'solid-js';
import { TAPE_ROWS_MAX, type TapeRow } from './shapes.ts';

export class PrintLog {
  readonly #rows = createSignal<TapeRow[]>([]);
  readonly #confirmed = createSignal(false);
  readonly rows = this.#rows[0];
  readonly confirmed = this.#confirmed[0];

  clear(): void {
    this.#rows[1]([]);
    this.#confirmed[1](false);
  }

  lay(change: { reset: boolean; rows: TapeRow[]; confirmed: boolean }): void {
    this.#confirmed[1](change.confirmed);
    if (!change.reset && change.rows.length === 0) return;
    const held = change.reset ? [] : this.rows();
    const newest_n = held[0]?.n ?? 0;
    const fresh: TapeRow[] = [];
    const marked = new Map<number, TapeRow>();
    for (const row of change.rows) {
      if (newest_n < row.n) fresh.unshift(row);
      else marked.set(row.n, row);
    }
    const kept = marked.size === 0 ? held : held.map((row) => marked.get(row.n) ?? row);
    this.#rows[1]([...fresh, ...kept].slice(0, TAPE_ROWS_MAX));
  }
}
