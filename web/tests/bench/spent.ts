/** What the main thread spent its time on, by the browser's own names of its steps. */

import type { Page } from '@playwright/test';

interface Step {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'];
const STEPS_MAX = 24;

/** A table of the steps that took longest, what they called taken off them. */
export async function spentOn(page: Page, wait_ms: number): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const steps: Step[] = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const step of value) steps.push(step as unknown as Step);
  });
  const ended = new Promise((done) => session.once('Tracing.tracingComplete', done));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: CATEGORIES },
  });
  await page.waitForTimeout(wait_ms);
  await session.send('Tracing.end');
  await ended;
  const found = [...selfTimes(mainThread(steps))].sort(([, left], [, right]) => right.us - left.us);
  return found
    .slice(0, STEPS_MAX)
    .map(([name, { us, count }]) => {
      const share = ((us / 1_000 / wait_ms) * 100).toFixed(2).padStart(6);
      return `${share} %  ${((count * 1_000) / wait_ms).toFixed(0).padStart(5)}/s  ${name}`;
    })
    .join('\n');
}

/** The complete steps of the renderer's main thread that did the most, by begin. */
function mainThread(steps: Step[]): Step[] {
  const mains = steps.filter(
    ({ ph, name, args }) => ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain',
  );
  const of = (main: Step) =>
    steps.filter(({ ph, pid, tid }) => ph === 'X' && pid === main.pid && tid === main.tid);
  const busiest = mains.map(of).sort((left, right) => right.length - left.length)[0] ?? [];
  return busiest.sort((left, right) => left.ts - right.ts || (right.dur ?? 0) - (left.dur ?? 0));
}

function selfTimes(steps: Step[]): Map<string, { us: number; count: number }> {
  const times = new Map<string, { us: number; count: number }>();
  const add = (name: string, us: number, count: number) => {
    const time = times.get(name) ?? { us: 0, count: 0 };
    times.set(name, { us: time.us + us, count: time.count + count });
  };
  const open: Step[] = [];
  for (const step of steps) {
    let over = open.at(-1);
    while (over !== undefined && over.ts + (over.dur ?? 0) <= step.ts) {
      open.pop();
      over = open.at(-1);
    }
    const us = step.tdur ?? step.dur ?? 0;
    if (over !== undefined) add(over.name, -us, 0);
    add(step.name, us, 1);
    open.push(step);
  }
  return times;
}
