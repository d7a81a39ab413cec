/** How far an instrument has moved today, and since when that is counted. */

import type { Row } from '../state/shapes.ts';
import { percent, signed, subtract } from './amount.ts';

export interface Change {
  amount: string;
  percent: string;
  /** Against the close of the day before, or, where there was none, against the day's open. */
  since: 'close' | 'open';
}

type Moves = Pick<Row, 'change' | 'prev_close' | 'last' | 'open'>;

export function changeOf({ change, prev_close, last, open }: Moves): Change | null {
  if (change !== null && prev_close !== null) return told(change, prev_close, 'close');
  if (last !== null && open !== null) return told(subtract(last, open), open, 'open');
  return null;
}

function told(amount: string, base: string, since: Change['since']): Change {
  const share = percent(amount, base);
  return { amount: signed(amount), percent: share === null ? '' : `${signed(share)} %`, since };
}
