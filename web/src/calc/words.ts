/** The states of connection, instruments and books in plain words. */

import type { History, Link, Phase, Readiness } from '../state/shapes.ts';
import { ageText } from './time.ts';

/** How much a word should be noticed: all is well, look at it, do not trust it. */
export type Tone = 'good' | 'wary' | 'bad';

export interface Saying<T = Tone> {
  word: string;
  explanation: string;
  tone: T;
}

const SAYINGS: Record<string, [tone: Tone, explanation: string]> = {
  live: ['good', 'The feed is up to date.'],
  stale: ['wary', 'The feed has been silent for a while; the market may have moved.'],
  unsynced: [
    'bad',
    'The book is not synchronised: changes were lost or none were seen yet. It waits for a snapshot.',
  ],
  crossed: ['bad', 'The best bid is above the best ask: at least one of them is wrong.'],
  halted: ['wary', 'Trading is halted at the venue.'],
  disconnected: ['bad', 'The feed lost this instrument; what is shown is what was known before.'],
  checksum_failed: [
    'bad',
    "The book disagrees with the venue's checksum. It waits for a snapshot.",
  ],
};

/** What can be said of a quote or a book: first whether we hear of it at all, then the hub's own word. */
export function sayingOf(
  of: { state: string | null; confirmed: boolean; refusal: string | null },
  phase: Phase,
): Saying {
  if (of.refusal !== null) return { word: 'refused', explanation: of.refusal, tone: 'bad' };
  const known = of.state !== null;
  if (phase !== 'live') {
    const word = known ? 'last known' : 'no data';
    const explanation = 'There is no connection to the hub: this is what it said last.';
    return {
      word,
      explanation: known ? explanation : 'The hub has not been heard yet.',
      tone: 'bad',
    };
  }
  if (!of.confirmed) {
    const explanation = known
      ? 'Something was lost on the way; the hub has been asked for it.'
      : 'Waiting for the first snapshot.';
    return { word: known ? 'catching up' : 'loading', explanation, tone: 'wary' };
  }
  const word = of.state ?? 'unknown';
  const [tone, explanation] = SAYINGS[word] ?? [
    'wary',
    'The hub uses a word this page does not know.',
  ];
  return { word: word.replaceAll('_', ' '), explanation, tone };
}

export function linkSaying(link: Link, now_ms: number): Saying {
  switch (link.phase) {
    case 'live':
      return { word: 'live', explanation: heardText(link, now_ms), tone: 'good' };
    case 'connecting':
      return { word: 'connecting', explanation: link.reason, tone: 'wary' };
    case 'reconnecting':
    case 'offline': {
      const wait_s = Math.max(0, Math.ceil(((link.retry_at_ms ?? now_ms) - now_ms) / 1_000));
      const when = wait_s === 0 ? 'reconnecting now' : `reconnecting in ${wait_s} s`;
      const word = link.phase === 'offline' ? `offline, ${when}` : when;
      return { word, explanation: link.reason, tone: 'bad' };
    }
    case 'refused':
      return { word: 'refused', explanation: link.reason, tone: 'bad' };
  }
}

/** What is away, by the hub's name of it, and what that means for whoever looks at the page. */
const AWAY: Record<string, [tone: Tone | 'quiet', word: string]> = {
  kafka: ['bad', 'log: Kafka is away — prices may be old'],
  recorder: ['wary', 'recording: stands still'],
  database: ['wary', 'history: database is away'],
  redis: ['quiet', 'cache: Redis is away'],
};

/** One saying for each thing that is not well with the hub, the worst first; none where all is. */
export function readinessSayings(told: Readiness | null): Saying<Tone | 'quiet'>[] {
  if (told === null) return [];
  const sayings = told.away.map(({ name, fault }): Saying<Tone | 'quiet'> => {
    const [tone, word] = AWAY[name] ?? ['wary', `${name} is away`];
    return { word, explanation: fault, tone };
  });
  if (!told.ready && sayings.every(({ tone }) => tone !== 'bad')) {
    const explanation = 'It is still reading the log up to its end, or is about to stop.';
    sayings.push({ word: 'hub: not ready — prices may be old', explanation, tone: 'bad' });
  }
  const order = ['bad', 'wary', 'quiet', 'good'];
  return sayings.sort((left, right) => order.indexOf(left.tone) - order.indexOf(right.tone));
}

/** How long ago anything was heard from the hub. */
export function heardText(link: Link, now_ms: number): string {
  if (link.heard_at_ms === null) return 'nothing heard yet';
  const age = ageText(now_ms - link.heard_at_ms);
  return age === 'now' ? 'last message now' : `last message ${age} ago`;
}

export function historyText(history: History): string {
  if (history.phase === 'loading') return 'loading history…';
  if (history.phase === 'failed') return `history is not available: ${history.error}; trying again`;
  return history.error;
}
