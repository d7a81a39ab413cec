/** Folds one tape: the newest prints, what became of them, and what was missed between them. */

import type { DataMessage, Events, Print, Snapshot, TradeItem } from '../wire/message.ts';
import { TAPE_ROWS_MAX, type TapeRow } from './shapes.ts';

type PrintRow = Extract<TapeRow, { kind: 'print' }>;

export class Tape {
  #rows: TapeRow[] = [];
  readonly #prints = new Map<string, PrintRow>();
  readonly #dirty = new Set<TapeRow>();
  #next_n = 1;
  #reset = true;
  confirmed = false;
  isDirty = true;

  constructor(readonly instrument: string) {}

  apply(message: DataMessage): void {
    this.isDirty = true;
    if (message.op === 'snapshot') this.#begin(message);
    else if (message.op === 'event') this.#follow(message);
    else if (message.op === 'resumed') this.confirmed = true;
  }

  doubt(): void {
    this.confirmed = false;
    this.isDirty = true;
  }

  /** Rows that are new or changed since this was last asked, oldest first; all of them after a reset. */
  take(): { reset: boolean; rows: TapeRow[] } {
    const reset = this.#reset;
    const rows = reset ? this.#rows : this.#rows.filter((row) => this.#dirty.has(row));
    this.#reset = false;
    this.#dirty.clear();
    this.isDirty = false;
    return { reset, rows: rows.map((row) => ({ ...row })) };
  }

  /** A snapshot's prints are context; those already on the tape are not printed twice. */
  #begin(snapshot: Snapshot): void {
    this.confirmed = true;
    const prints = (snapshot.data as TradeItem[]).filter(isPrint);
    const unseen = prints.filter((print) => !this.#prints.has(print.trade_id));
    if (snapshot.missed !== undefined) {
      const ts_us = unseen[0]?.ts ?? null;
      this.#note(missedText(snapshot.missed, unseen.length), ts_us);
    }
    for (const print of unseen) this.#print(print);
  }

  #follow(events: Events): void {
    if (events.missed !== undefined && events.missed !== 0) {
      const ts_us = events.data[0]?.ts ?? null;
      this.#note(missedText(events.missed, 0), ts_us);
    }
    for (const item of events.data) {
      if (isPrint(item)) this.#print(item);
      else if ('cancel' in item) this.#cancel(item.cancel, item.ts);
      else this.#correct(item.correct, item);
    }
  }

  #print({ trade_id, price, qty, aggressor, ts }: Print): void {
    const marks = { canceled: false, before: null };
    const row: PrintRow = {
      n: this.#number(),
      kind: 'print',
      trade_id,
      price,
      qty,
      aggressor,
      ts_us: ts,
      ...marks,
    };
    this.#prints.set(trade_id, row);
    this.#push(row);
  }

  #cancel(trade_id: string, ts_us: number): void {
    const row = this.#prints.get(trade_id);
    if (row === undefined) {
      const text = 'an older print was canceled';
      this.#note(text, ts_us);
      return;
    }
    row.canceled = true;
    this.#dirty.add(row);
  }

  #correct(trade_id: string, right: { price: string; qty: string; ts: number }): void {
    const row = this.#prints.get(trade_id);
    if (row === undefined) {
      const text = `an older print was corrected to ${right.qty} at ${right.price}`;
      this.#note(text, right.ts);
      return;
    }
    row.before ??= { price: row.price, qty: row.qty };
    row.price = right.price;
    row.qty = right.qty;
    this.#dirty.add(row);
  }

  #note(text: string, ts_us: number | null): void {
    this.#push({ n: this.#number(), kind: 'note', text, ts_us });
  }

  #push(row: TapeRow): void {
    this.#rows.push(row);
    this.#dirty.add(row);
    // Cut in strides: moving 500 rows for every print would cost more than the print.
    if (this.#rows.length < TAPE_ROWS_MAX + 100) return;
    const gone = this.#rows.splice(0, this.#rows.length - TAPE_ROWS_MAX);
    for (const row of gone) {
      this.#dirty.delete(row);
      if (row.kind === 'print') this.#prints.delete(row.trade_id);
    }
  }

  #number(): number {
    this.#next_n += 1;
    return this.#next_n - 1;
  }
}

function isPrint(item: TradeItem): item is Print {
  return 'trade_id' in item;
}

function missedText(missed: number | null, shown: number): string {
  const count = missed === null ? 'an unknown number of' : String(missed);
  const noun = missed === 1 ? 'print' : 'prints';
  if (shown === 0) return `${count} ${noun} missed`;
  const again = missed === null ? shown : Math.min(shown, missed);
  if (missed === null) return `${count} ${noun} missed; the last ${again} follow`;
  if (again === 0) return `${count} ${noun} missed`;
  return again === missed
    ? `${count} ${noun} missed while away; all follow`
    : `${count} ${noun} missed; the last ${again} of them follow`;
}
