/** Deep links: `#/SIM:ACME/1m`. Instruments may hold slashes, so the interval is what follows the last. */

import { INTERVALS, type Interval } from '../state/shapes.ts';

export interface Place {
  instrument: string;
  interval: Interval | null;
}

export function placeOf(hash: string): Place | null {
  if (!hash.startsWith('#/')) return null;
  let path: string;
  try {
    path = decodeURIComponent(hash.slice(2));
  } catch {
    return null;
  }
  const slash = path.lastIndexOf('/');
  const tail = path.slice(slash + 1);
  const interval = INTERVALS.find((known) => known === tail) ?? null;
  const instrument = interval === null || slash === -1 ? path : path.slice(0, slash);
  return instrument.includes(':') ? { instrument, interval } : null;
}

export function hashOf(instrument: string, interval: Interval): string {
  // Only what would change the meaning is escaped, so that links stay readable.
  return `#/${instrument.replace(/[%#?]/g, encodeURIComponent)}/${interval}`;
}
