import { describe, expect, it } from 'vitest';
import { changeOf } from '../../src/calc/change.ts';
import { ladderOf, outline } from '../../src/calc/ladder.ts';
import { hashOf, placeOf } from '../../src/calc/link.ts';
import { ageText, clockText, startText } from '../../src/calc/time.ts';
import { inSight, matching, stepped } from '../../src/calc/watchlist.ts';
import { linkSaying, readinessSayings, sayingOf } from '../../src/calc/words.ts';
import { FIRST_LINK } from '../../src/socket/link.ts';
import type { BookView, Level } from '../../src/state/shapes.ts';

const LIVE = { ...FIRST_LINK, phase: 'live' as const };

function bookOf(bids: Level[], asks: Level[]): BookView {
  return {
    instrument: 'SIM:A',
    depth: 10,
    bids,
    asks,
    ts_us: 1,
    state: 'live',
    confirmed: true,
    refusal: null,
    seq: 1,
    epoch: 'e',
  };
}

describe('a ladder', () => {
  it('sums exactly from the best price outward and measures bars by the deeper side', () => {
    const { bids, asks, spread } = ladderOf(
      bookOf(
        [
          ['0.9', '0.1'],
          ['0.8', '0.2'],
        ],
        [
          ['1.1', '0.3'],
          ['1.2', '0.3'],
        ],
      ),
    );
    expect(bids.map(({ total, reach }) => [total, reach])).toEqual([
      ['0.1', 166],
      ['0.3', 500],
    ]);
    expect(asks.map(({ total, reach }) => [total, reach])).toEqual([
      ['0.3', 500],
      ['0.6', 1_000],
    ]);
    expect(spread).toEqual({ amount: '0.2', basisPoints: '1818.2', word: 'spread' });
  });

  it('draws its totals as steps, the best price next to the spread', () => {
    const { bids, asks } = ladderOf(
      bookOf(
        [['0.9', '1']],
        [
          ['1.1', '1'],
          ['1.2', '3'],
        ],
      ),
    );
    expect(outline(bids, 2, 18, false)).toBe(
      'polygon(100% 0, 75% 0px, 75% 18px, 100% 18px, 100% 36px, 100% 100%)',
    );
    expect(outline(asks, 2, 18, true)).toBe(
      'polygon(100% 0, 0% 0px, 0% 18px, 75% 18px, 75% 36px, 100% 100%)',
    );
  });

  it('calls a locked book locked, a crossed one crossed, and half a book nothing', () => {
    expect(ladderOf(bookOf([['1.0', '1']], [['1.0', '1']])).spread?.word).toBe('locked');
    expect(ladderOf(bookOf([['1.1', '1']], [['1.0', '1']])).spread).toMatchObject({
      word: 'crossed',
      amount: '-0.1',
    });
    expect(ladderOf(bookOf([], [['1.0', '1']])).spread).toBeNull();
  });
});

describe('change', () => {
  it('is the hub’s, against the close of the day before', () => {
    const moves = { change: '-2.00', prev_close: '100.00', last: '98.00', open: '50.00' };
    expect(changeOf(moves)).toEqual({ amount: '-2.00', percent: '-2.00 %', since: 'close' });
  });

  it('is counted from the open where there was no close, and says so', () => {
    const moves = { change: null, prev_close: null, last: '101.50', open: '100.00' };
    expect(changeOf(moves)).toEqual({ amount: '+1.50', percent: '+1.50 %', since: 'open' });
    expect(changeOf({ ...moves, last: null })).toBeNull();
  });
});

describe('words', () => {
  const live = { state: 'live', confirmed: true, refusal: null };

  it.each(['stale', 'unsynced', 'crossed', 'halted', 'disconnected', 'checksum_failed'])(
    'never call %s good, and explain it',
    (state) => {
      const saying = sayingOf({ ...live, state }, 'live');
      expect(saying.word).toBe(state.replace('_', ' '));
      expect(saying.tone).not.toBe('good');
      expect(saying.explanation.length).toBeGreaterThan(20);
    },
  );

  it('never call anything live without a connection or a confirmation', () => {
    expect(sayingOf(live, 'live').word).toBe('live');
    expect(sayingOf(live, 'reconnecting').word).toBe('last known');
    expect(sayingOf({ ...live, confirmed: false }, 'live').word).toBe('catching up');
    expect(sayingOf({ state: null, confirmed: false, refusal: null }, 'live').word).toBe('loading');
    expect(sayingOf({ ...live, refusal: 'no' }, 'live').word).toBe('refused');
    expect(sayingOf({ ...live, state: 'novel' }, 'live').tone).toBe('wary');
  });

  it('count down to the next attempt', () => {
    const link = { ...LIVE, phase: 'reconnecting' as const, retry_at_ms: 12_400, reason: 'lost' };
    expect(linkSaying(link, 10_000).word).toBe('reconnecting in 3 s');
    expect(linkSaying({ ...link, phase: 'offline' }, 13_000).word).toBe(
      'offline, reconnecting now',
    );
  });
});

describe('times', () => {
  it('are ages in one unit', () => {
    const s = 1_000;
    const ages = [0, 999, 4 * s, 99 * s, 100 * s, 6_000 * s, 3 * 86_400 * s, -5 * s];
    expect(ages.map(ageText)).toEqual(['now', 'now', '4 s', '99 s', '1 min', '1 h', '3 d', 'now']);
  });

  it('are UTC clocks', () => {
    expect(clockText(1_795_327_179_892_040)).toBe('05:59:39.892');
    expect(startText(1_795_327_140_000_000, 60_000_000)).toBe('2026-11-22 05:59');
    expect(startText(1_795_305_600_000_000, 86_400_000_000)).toBe('2026-11-22');
  });
});

describe('links', () => {
  it.each(['SIM:ACME', 'KRAKEN:XBT/USD', 'X:50%', 'X:A#B', 'X:1m'])('lead back to %s', (name) => {
    expect(placeOf(hashOf(name, '5m'))).toEqual({ instrument: name, interval: '5m' });
  });

  it('may leave the interval out, and nonsense leads nowhere', () => {
    expect(placeOf('#/SIM:ACME')).toEqual({ instrument: 'SIM:ACME', interval: null });
    expect(['', '#', '#/', '#/1m', '#/%E0%A4%A'].map(placeOf)).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('the watchlist', () => {
  const names = ['KRAKEN:XBT/USD', 'SIM:ACME', 'SIM:BOLT'];

  it('finds every word of a query', () => {
    expect(matching(names, 'sim b')).toEqual(['SIM:BOLT']);
    expect(matching(names, ' ')).toEqual(names);
  });

  it('steps and stops at its ends', () => {
    expect(stepped(names, 'SIM:ACME', 1)).toBe('SIM:BOLT');
    expect(stepped(names, 'SIM:BOLT', 5)).toBe('SIM:BOLT');
    expect(stepped(names, 'SIM:BOLT', -Infinity)).toBe('KRAKEN:XBT/USD');
    expect(stepped(names, null, -1)).toBe('SIM:BOLT');
    expect(stepped([], null, 1)).toBeNull();
  });

  it('draws the rows in sight and a few more, never beyond the list', () => {
    expect(inSight(1_000, 20, 2_000, 200)).toEqual({ first: 94, end: 116 });
    expect(inSight(5, 20, 0, 200)).toEqual({ first: 0, end: 5 });
    expect(inSight(30, 20, 10_000, 200)).toEqual({ first: 8, end: 30 });
  });
});

describe('what the hub is without', () => {
  const away = (...names: string[]) => names.map((name) => ({ name, fault: `${name} broke` }));
  const words = (ready: boolean, ...names: string[]) =>
    readinessSayings({ ready, away: away(...names) }).map(({ tone, word }) => [tone, word]);

  it('is nothing where all is well, or where it is not known', () => {
    expect(readinessSayings(null)).toEqual([]);
    expect(words(true)).toEqual([]);
  });

  it('is told by what it means here, the worst first', () => {
    expect(words(true, 'redis', 'recorder', 'kafka', 'database')).toEqual([
      ['bad', 'log: Kafka is away — prices may be old'],
      ['wary', 'recording: stands still'],
      ['wary', 'history: database is away'],
      ['quiet', 'cache: Redis is away'],
    ]);
    expect(readinessSayings({ ready: true, away: away('redis') })[0]?.explanation).toBe(
      'redis broke',
    );
  });

  it('is told even of what this page does not know', () => {
    expect(words(true, 'moon')).toEqual([['wary', 'moon is away']]);
  });

  it('is the hub itself where it is not ready and nothing graver explains it', () => {
    expect(words(false)).toEqual([['bad', 'hub: not ready — prices may be old']]);
    expect(words(false, 'redis').map(([tone]) => tone)).toEqual(['bad', 'quiet']);
    expect(words(false, 'kafka')).toEqual([['bad', 'log: Kafka is away — prices may be old']]);
  });
});
