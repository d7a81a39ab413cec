/** What this browser remembers of the trader's choices. A browser that keeps nothing is no fault. */

import { DEPTHS, INTERVALS, type Interval } from './shapes.ts';

export type Theme = 'dark' | 'light';

export interface Preferences {
  /** Null: as the system says. */
  theme: Theme | null;
  interval: Interval;
  depth: number;
  instrument: string | null;
}

const KEY = 'tickwire.terminal';

export function readPreferences(): Preferences {
  let kept: Partial<Preferences> = {};
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) kept = parsed;
  } catch {
    // Storage is refused or holds what another version wrote: the defaults are fine.
  }
  return {
    theme: kept.theme === 'dark' || kept.theme === 'light' ? kept.theme : null,
    interval: INTERVALS.find((interval) => interval === kept.interval) ?? '1m',
    depth: DEPTHS.find((depth) => depth === kept.depth) ?? 20,
    instrument: typeof kept.instrument === 'string' ? kept.instrument : null,
  };
}

export function keepPreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // See above.
  }
}
