/** What the browser can say of the page's main thread: how busy it was, with what, and how large its heap is. */

import type { CDPSession, Page } from '@playwright/test';

/** Seconds since the page began, by name, as `Performance.getMetrics` counts them. */
export type Counts = Record<string, number>;

/** Both clocks at once: CPU time tells what the page costs, wall time what else the machine did to it. */
export interface Reading {
  at_s: number;
  cpu: Counts;
  wall: Counts;
}

export class Gauge {
  private constructor(
    private readonly cpu: CDPSession,
    private readonly wall: CDPSession,
  ) {}

  static async on(page: Page): Promise<Gauge> {
    const session = async (timeDomain: 'threadTicks' | 'timeTicks') => {
      const opened = await page.context().newCDPSession(page);
      await opened.send('Performance.enable', { timeDomain });
      return opened;
    };
    return new Gauge(await session('threadTicks'), await session('timeTicks'));
  }

  async read(): Promise<Reading> {
    const [cpu, wall] = [await countsOf(this.cpu), await countsOf(this.wall)];
    return { at_s: wall.Timestamp ?? 0, cpu, wall };
  }

  /** After a collection of what is no longer in use. */
  async heapMib(): Promise<number> {
    await this.wall.send('HeapProfiler.collectGarbage');
    return ((await countsOf(this.wall)).JSHeapUsedSize ?? 0) / 2 ** 20;
  }
}

/** Shares of the time between two readings. What asking itself cost is left out. */
export function shares(clock: 'cpu' | 'wall', from: Reading, to: Reading) {
  const of = (name: string) =>
    ((to[clock][name] ?? 0) - (from[clock][name] ?? 0)) / (to.at_s - from.at_s);
  return {
    busy: of('TaskDuration') - of('DevToolsCommandDuration'),
    script: of('ScriptDuration'),
    style: of('RecalcStyleDuration'),
    layout: of('LayoutDuration'),
  };
}

export interface Frames {
  count: number;
  late: number;
  worst_ms: number;
}

export const LATE_MS = 50;

/**
 * Counts frames for `wait_ms`. Asking for every frame makes the page paint as often as the screen does, which by
 * itself it does not: so this is not done while its cost is measured.
 */
export function countFrames(page: Page, wait_ms: number): Promise<Frames> {
  return page.evaluate(
    ([wait_ms, late_ms]) =>
      new Promise<Frames>((done) => {
        const frames: Frames = { count: 0, late: 0, worst_ms: 0 };
        const begun_ms = performance.now();
        let before_ms = begun_ms;
        const step = (now_ms: number) => {
          frames.count += 1;
          const gap_ms = now_ms - before_ms;
          if (late_ms < gap_ms) frames.late += 1;
          frames.worst_ms = Math.max(frames.worst_ms, gap_ms);
          before_ms = now_ms;
          if (now_ms < begun_ms + wait_ms) requestAnimationFrame(step);
          else done(frames);
        };
        requestAnimationFrame(step);
      }),
    [wait_ms, LATE_MS] as const,
  );
}

async function countsOf(session: CDPSession): Promise<Counts> {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}
