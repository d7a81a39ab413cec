/** Folds one book: exactly the hub's top N, best first, without trimming of its own. */

import { compareDecimals, type Decimal, isZero } from '../wire/decimal.ts';
import type { BookData, DataMessage, Level } from '../wire/message.ts';
import type { BookView } from './shapes.ts';

export class Book {
  readonly #bids = new Side((left, right) => compareDecimals(right, left));
  readonly #asks = new Side(compareDecimals);
  #view: Omit<BookView, 'bids' | 'asks'>;
  isDirty = true;

  constructor(instrument: string, depth: number) {
    this.#view = {
      instrument,
      depth,
      ts_us: null,
      state: null,
      confirmed: false,
      refusal: null,
      seq: 0,
      epoch: '',
    };
  }

  apply(message: DataMessage): void {
    this.isDirty = true;
    const view = this.#view;
    view.refusal = null;
    switch (message.op) {
      case 'snapshot':
        this.#bids.clear();
        this.#asks.clear();
        view.ts_us = null;
        view.state = null;
        view.confirmed = true;
        view.epoch = message.epoch;
        view.seq = message.seq;
        this.#lay(message.data as BookData);
        break;
      case 'resumed':
        view.confirmed = true;
        view.state = message.state ?? view.state;
        break;
      case 'delta':
        view.seq = message.last;
        this.#lay(message.data as BookData);
        break;
      case 'state':
        view.state = message.state;
        break;
      case 'event':
        break;
    }
  }

  doubt(): void {
    this.#view.confirmed = false;
    this.isDirty = true;
  }

  refuse(reason: string): void {
    this.#view.refusal = reason;
    this.isDirty = true;
  }

  take(): BookView {
    this.isDirty = false;
    return { ...this.#view, bids: this.#bids.levels(), asks: this.#asks.levels() };
  }

  #lay(data: BookData): void {
    for (const level of data.bids ?? []) this.#bids.lay(level);
    for (const level of data.asks ?? []) this.#asks.lay(level);
    if (data.ts !== undefined) this.#view.ts_us = data.ts;
    if (data.state !== undefined) this.#view.state = data.state;
  }
}

/** Levels in order of rank. Prices of one book share their scale, so equal prices are equal texts. */
class Side {
  #levels: Level[] = [];

  constructor(private readonly rank: (left: Decimal, right: Decimal) => number) {}

  clear(): void {
    this.#levels = [];
  }

  levels(): Level[] {
    return this.#levels.slice();
  }

  lay([price, qty]: Level): void {
    const at = this.#placeOf(price);
    const held = this.#levels[at];
    const found = held !== undefined && this.rank(held[0], price) === 0;
    if (isZero(qty)) {
      if (found) this.#levels.splice(at, 1);
    } else {
      this.#levels.splice(at, found ? 1 : 0, [price, qty]);
    }
  }

  #placeOf(price: Decimal): number {
    let low = 0;
    let high = this.#levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const held = this.#levels[middle];
      if (held !== undefined && this.rank(held[0], price) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
