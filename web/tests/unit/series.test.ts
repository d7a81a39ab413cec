import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Rest } from '../../src/socket/rest.ts';
import { HistoryLoader } from '../../src/state/history.ts';
import { Series } from '../../src/state/series.ts';
import type { BarData } from '../../src/wire/message.ts';
import type { StoredBar } from '../../src/wire/rest.ts';

const MINUTE_US = 60_000_000;

function whole(start: number, more: Partial<BarData> = {}): BarData {
  const prices = { open: '1.0', high: '1.2', low: '0.9', close: '1.1' };
  return { start, ...prices, volume: '3', vwap: '1.0', trades: 1, rev: 0, state: 'open', ...more };
}

function stored(start: number, more: Partial<StoredBar> = {}): StoredBar {
  const { notional, ...bar } = whole(start, { state: 'final' });
  return { ...(bar as StoredBar), gap: false, ...more };
}

describe('a series', () => {
  it('is in order of start, each start once, however bars come', () => {
    const step = fc.record({
      streamed: fc.boolean(),
      starts: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 10 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const series = new Series(1_000);
        const page = new Map<number, string>();
        const seen = new Set<number>();
        for (const { streamed, starts } of steps) {
          if (streamed) series.stream(starts.map((start) => whole(start)));
          else series.merge(starts.map((start) => stored(start)));
          for (const start of starts) seen.add(start);
          const { reset, bars } = series.take();
          if (reset) page.clear();
          for (const bar of bars) page.set(bar.start_us, bar.state);
          expect(bars.map((bar) => bar.start_us)).toEqual(
            bars.map((bar) => bar.start_us).sort((left, right) => left - right),
          );
        }
        expect([...page.keys()].sort((left, right) => left - right)).toEqual(
          [...seen].sort((left, right) => left - right),
        );
        expect(series.oldest()).toBe(seen.size === 0 ? undefined : Math.min(...seen));
      }),
    );
  });

  it('replaces a revised bar in place and keeps what did not change', () => {
    const series = new Series(100);
    series.stream([whole(0, { state: 'closed' }), whole(1)]);
    series.take();
    series.stream([{ start: 0, close: '0.95', rev: 1 }]);
    expect(series.take()).toMatchObject({
      reset: false,
      bars: [{ start_us: 0, open: '1.0', close: '0.95', rev: 1, state: 'closed' }],
    });
  });

  it('keeps prices that were taken back as none', () => {
    const series = new Series(100);
    series.stream([whole(0)]);
    series.stream([
      { start: 0, open: null, high: null, low: null, close: null, volume: null, trades: 0 },
    ]);
    expect(series.get(0)).toMatchObject({ open: null, close: null, volume: '0', trades: 0 });
  });

  it('believes the stream more than an answer, unless the answer is further on', () => {
    const series = new Series(100);
    series.stream([whole(0, { close: '1.15', trades: 9 })]);
    series.merge([stored(0, { close: '1.1', state: 'open', gap: true })]);
    expect(series.get(0)).toMatchObject({ close: '1.15', trades: 9, gap: true });
    series.merge([stored(0, { close: '1.3', rev: 1 })]);
    expect(series.get(0)).toMatchObject({ close: '1.3', rev: 1, state: 'final' });
  });

  it('asks for the whole of a bar that it holds nothing of', () => {
    const series = new Series(100);
    expect(series.stream([{ start: 4, rev: 1 }, whole(5)])).toEqual([4]);
    expect(series.get(4)).toBeUndefined();
  });

  it('stays bounded, losing the oldest', () => {
    const series = new Series(100);
    for (let start = 0; start < 1_000; start++) series.stream([whole(start)]);
    expect(series.size).toBeLessThanOrEqual(100);
    expect(series.newest()).toBe(999);
    expect(series.take().bars[0]?.start_us).toBe(series.oldest());
  });

  it('lets go of what another log does not have', () => {
    const series = new Series(100);
    series.merge([stored(0), stored(1), stored(2)]);
    series.distrust();
    series.stream([whole(2)]);
    series.keepOnly([stored(0)], 0, 3);
    expect([series.get(0)?.start_us, series.get(1), series.get(2)?.start_us]).toEqual([
      0,
      undefined,
      2,
    ]);
  });
});

/** A hub that holds these bars, answering as the REST API does. */
function hubOf(starts: number[], page_bars = 50_000) {
  const asked: string[] = [];
  const rest = new Rest(async (path) => {
    asked.push(path);
    const query = new URLSearchParams(path.split('?')[1]);
    const us = (name: string) => Number(BigInt(query.get(name) ?? '0') / 1_000n);
    const limit = Math.min(Number(query.get('limit')), page_bars);
    const found = starts.filter((start) => us('from') <= start && start < us('to'));
    const bars = found.slice(0, limit).map((start) => ({
      ...stored(start),
      start: new Date(start / 1_000).toISOString(),
    }));
    return Response.json({ bars, next: limit < found.length ? 'more' : null });
  });
  return { rest, asked };
}

async function loaded(starts: number[], newest_us: number, page_bars?: number) {
  const { rest, asked } = hubOf(starts, page_bars);
  const series = new Series(20_000);
  const loader = new HistoryLoader(rest, 'SIM:A', '1m', series, () => {});
  loader.begin(newest_us);
  await vi.waitFor(() => expect(loader.told.phase).toBe('ready'));
  return { series, loader, asked };
}

const minutes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => (from + at) * MINUTE_US);

describe('history', () => {
  it('begins with the newest stretch and goes back when asked, to the beginning', async () => {
    const { series, loader } = await loaded(minutes(1_000, 4_000), 3_999 * MINUTE_US);
    expect([series.size, loader.told.complete]).toEqual([600, false]);
    loader.older();
    await vi.waitFor(() => expect(series.size).toBe(2_100));
    await vi.waitFor(() => expect(loader.told.phase).toBe('ready'));
    loader.older();
    await vi.waitFor(() => expect(series.oldest()).toBe(1_000 * MINUTE_US));
    await vi.waitFor(() => expect(loader.told.phase).toBe('ready'));
    loader.older();
    await vi.waitFor(() => expect(loader.told.complete).toBe(true));
    expect(series.size).toBe(3_000);
  });

  it('finds what lies behind a long quiet time', async () => {
    const { series } = await loaded([7 * MINUTE_US, 90_000 * MINUTE_US], 90_000 * MINUTE_US);
    expect(series.size).toBe(1);
    const { loader, series: quiet } = await loaded([7 * MINUTE_US], 90_000 * MINUTE_US);
    expect([quiet.size, loader.told.error]).toEqual([1, '']);
  });

  it('reads an answer of several pages to its end', async () => {
    const { series } = await loaded(minutes(0, 500), 499 * MINUTE_US, 64);
    expect(series.size).toBe(500);
  });

  it('says that there is none, and of a failure why', async () => {
    const { loader } = await loaded([], MINUTE_US);
    expect(loader.told.complete).toBe(true);
    const problem = { code: 'unavailable', detail: 'the database is away' };
    const away = new Rest(async () => Response.json(problem, { status: 503 }));
    const failing = new HistoryLoader(away, 'SIM:A', '1m', new Series(10), () => {});
    failing.begin(0);
    await vi.waitFor(() =>
      expect(failing.told).toMatchObject({ phase: 'failed', error: 'the database is away' }),
    );
    failing.stop();
  });
});
