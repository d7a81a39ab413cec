/**
 * What the page costs: 50 symbols × 20 updates/s for BENCH_SECONDS (180). Prints the main thread's busy share,
 * the slope of its heap, and frames that came late. Each update is a quote and a statistic: 2,000 messages/s and more.
 * Fails only beyond what a trader would notice.
 */

import { expect, test } from '@playwright/test';
import { link } from '../e2e/stage.ts';
import { FakeHub, nowUs } from '../fakehub/hub.ts';

const SYMBOLS = 50;
const UPDATES_PER_S = 20;
const seconds = Number(process.env.BENCH_SECONDS ?? 180);

test('50 symbols at 20 updates a second', async ({ page }) => {
  const hub = new FakeHub();
  const names = Array.from({ length: SYMBOLS }, (_, at) => `SIM:S${String(at).padStart(3, '0')}`);
  for (const name of names) hub.add(name);
  const selected = String(names[0]);
  const market = new Market(hub, names, selected);
  await hub.up();
  await page.goto(`${hub.url}#/${selected}/1s`);
  await expect(link(page)).toHaveText('●live');
  market.begin();
  await page.waitForTimeout(15_000);

  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'timeTicks' });
  await page.evaluate(countLateFrames);
  const heaps: [s: number, mib: number][] = [];
  const begin = await metrics();
  const begun_ms = Date.now();
  const updates_before = market.updates;
  while (Date.now() - begun_ms < seconds * 1_000) {
    await page.waitForTimeout(10_000);
    await session.send('HeapProfiler.collectGarbage');
    const { JSHeapUsedSize = 0 } = await metrics();
    heaps.push([(Date.now() - begun_ms) / 1_000, JSHeapUsedSize / 2 ** 20]);
  }
  const end = await metrics();
  const frames = await page.evaluate(() => (window as unknown as { frames: Frames }).frames);
  market.end();
  await hub.down();

  const wall_s = (end.Timestamp ?? 0) - (begin.Timestamp ?? 0);
  const share = (name: string) => ((end[name] ?? 0) - (begin[name] ?? 0)) / wall_s;
  const slope = slopeOf(heaps) * 60;
  const percent = (part: number) => `${(100 * part).toFixed(1)} %`;
  console.log(
    `updates sent        ${((market.updates - updates_before) / wall_s).toFixed(0)}/s over ${wall_s.toFixed(0)} s`,
  );
  console.log(
    `main thread busy    ${percent(share('TaskDuration'))} (script ${percent(share('ScriptDuration'))}, layout ${percent(share('LayoutDuration'))}, style ${percent(share('RecalcStyleDuration'))})`,
  );
  console.log(
    `frames              ${(frames.count / wall_s).toFixed(1)}/s, late (over 50 ms) ${frames.late}, worst ${frames.worst_ms.toFixed(0)} ms`,
  );
  console.log(
    `heap                ${heaps[0]?.[1].toFixed(1)} → ${heaps.at(-1)?.[1].toFixed(1)} MiB, slope ${slope.toFixed(3)} MiB/min`,
  );
  // Wall time of tasks: on shared cores it says what a trader feels, not what the page alone costs.
  expect(share('TaskDuration')).toBeLessThan(0.9);
  expect(frames.late / frames.count).toBeLessThan(0.1);
  // The tape fills in the first half minute; only a longer run tells a leak from that.
  if (120 <= seconds) expect(slope).toBeLessThan(0.5);

  async function metrics(): Promise<Record<string, number>> {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  }
});

interface Frames {
  count: number;
  late: number;
  worst_ms: number;
}

function countLateFrames(): void {
  const frames: Frames = { count: 0, late: 0, worst_ms: 0 };
  Object.assign(window, { frames });
  let before_ms = performance.now();
  const step = (now_ms: number) => {
    frames.count += 1;
    const gap_ms = now_ms - before_ms;
    if (50 < gap_ms) frames.late += 1;
    frames.worst_ms = Math.max(frames.worst_ms, gap_ms);
    before_ms = now_ms;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

/** Least squares, per second. */
function slopeOf(points: [x: number, y: number][]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

/** Every symbol's quote changes on every step; the selected one also trades, and its book and bar move. */
class Market {
  updates = 0;
  #step = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly hub: FakeHub,
    private readonly names: string[],
    private readonly selected: string,
  ) {}

  begin(): void {
    this.#timer = setInterval(() => this.#move(), 1_000 / UPDATES_PER_S);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #move(): void {
    const { hub, selected } = this;
    const step = this.#step++;
    const ts = nowUs();
    for (const [at, name] of this.names.entries()) {
      const cents = (step * (at + 3)) % 100;
      const price = `${100 + at}.${String(cents).padStart(2, '0')}`;
      hub
        .topic('quote', name)
        .change({ bid: price, bid_qty: `${1 + (step % 9)}.000`, ts, state: 'live' });
      hub.topic('stats', name).change({ last: price, open: `${100 + at}.00`, ts });
      this.updates += 2;
    }
    const price = `100.${String(step % 100).padStart(2, '0')}`;
    const bids = Array.from({ length: 4 }, (_, at) => [
      `99.${80 + ((step + at * 5) % 20)}`,
      `${1 + (step % 7)}.000`,
    ]);
    const asks = Array.from({ length: 4 }, (_, at) => [
      `101.${10 + ((step + at * 5) % 20)}`,
      `${1 + (step % 5)}.000`,
    ]);
    hub.topic('book.20', selected).change({ bids, asks, ts, state: 'live' });
    hub.topic('trade', selected).change({
      trade_id: `b${step}`,
      price,
      qty: '1.000',
      aggressor: step % 2 ? 'buy' : 'sell',
      ts,
    });
    const start = Math.floor(ts / 1_000_000) * 1_000_000;
    hub.topic('bars.1s', selected).change([
      {
        start,
        open: '100.50',
        high: '100.99',
        low: '100.00',
        close: price,
        volume: '5.000',
        notional: '500.00000',
        vwap: '100.0000000000',
        trades: step,
        rev: 0,
        state: 'open',
      },
    ]);
    this.updates += 3;
    hub.flush();
  }
}
