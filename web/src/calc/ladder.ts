/** The rows of a ladder: levels with what lies before them, and the spread between the two sides. */

import type { BookView, Decimal, Level } from '../state/shapes.ts';
import { add, basisPoints, perMille, sign, subtract } from './amount.ts';

export interface Rung {
  price: Decimal;
  qty: Decimal;
  /** This level and all better ones. */
  total: Decimal;
  /** `total` as thousandths of the deeper side's: the length of a bar. */
  reach: number;
}

export interface Ladder {
  /** Best first. */
  bids: Rung[];
  asks: Rung[];
  spread: {
    amount: Decimal;
    basisPoints: Decimal | null;
    word: 'spread' | 'locked' | 'crossed';
  } | null;
}

export function ladderOf(book: BookView): Ladder {
  const bids = totals(book.bids);
  const asks = totals(book.asks);
  const deepest = greater(bids.at(-1)?.total, asks.at(-1)?.total);
  const reach = (rung: Omit<Rung, 'reach'>): Rung => ({
    ...rung,
    reach: deepest === undefined ? 0 : perMille(rung.total, deepest),
  });
  return { bids: bids.map(reach), asks: asks.map(reach), spread: spreadOf(book) };
}

/** How far the totals of a side reach, row by row, as a CSS shape; `upward` where the best price is the lowest row. */
export function outline(rungs: Rung[], rows: number, row_px: number, upward: boolean): string {
  const corners = ['100% 0'];
  for (let row = 0; row < rows; row++) {
    const rung = rungs[upward ? rows - 1 - row : row];
    const from = `${(1_000 - (rung?.reach ?? 0)) / 10}%`;
    corners.push(`${from} ${row * row_px}px`, `${from} ${(row + 1) * row_px}px`);
  }
  return `polygon(${corners.join(', ')}, 100% 100%)`;
}

function totals(levels: Level[]): Omit<Rung, 'reach'>[] {
  let total: Decimal | null = null;
  return levels.map(([price, qty]) => {
    total = total === null ? qty : add(total, qty);
    return { price, qty, total };
  });
}

function greater(left: Decimal | undefined, right: Decimal | undefined): Decimal | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return sign(subtract(left, right)) === -1 ? right : left;
}

function spreadOf(book: BookView): Ladder['spread'] {
  const bid = book.bids[0]?.[0];
  const ask = book.asks[0]?.[0];
  if (bid === undefined || ask === undefined) return null;
  const amount = subtract(ask, bid);
  const words = { '-1': 'crossed', '0': 'locked', '1': 'spread' } as const;
  return { amount, basisPoints: basisPoints(amount, ask), word: words[sign(amount)] };
}
