/**
 * Against a real hub at TICKWIRE_URL: what the page shows is what REST answers, before and after a kill.
 *
 * TICKWIRE_KILL is a shell command that kills that hub; something else (`./run`) is to start it again.
 * TICKWIRE_PAUSE and TICKWIRE_CONTINUE stop and go on with its feed, so that numbers stand still.
 */

import { execSync } from 'node:child_process';
import { expect, type Page, test } from '@playwright/test';
import { type Front, frontOf } from './front.ts';
import { ladder, link, mark, row } from './stage.ts';

const hub_url = process.env.TICKWIRE_URL ?? '';
const { TICKWIRE_KILL, TICKWIRE_PAUSE, TICKWIRE_CONTINUE } = process.env;
let front: Front;

test.skip(hub_url === '', 'TICKWIRE_URL names no hub');

test.beforeAll(async () => {
  front = await frontOf(hub_url);
});

test.afterAll(() => front?.stop());

interface Quote {
  instrument: string;
  bid: string | null;
  ask: string | null;
}

async function ask<T>(path: string): Promise<T> {
  return (await fetch(new URL(`/api/v1/${path}`, hub_url))).json() as Promise<T>;
}

/** Waits until the hub answers with instruments. */
async function names(): Promise<string[]> {
  const { instruments } = await ask<{ instruments: { instrument: string }[] }>('instruments');
  return instruments.map(({ instrument }) => instrument);
}

async function open(page: Page): Promise<string[]> {
  const all = await names();
  expect(all.length).toBeGreaterThan(0);
  await page.goto(`${front.url}#/${all[0]}/1m`);
  await expect(link(page)).toHaveText('●live', { timeout: 15_000 });
  await expect(row(page, String(all[0])).locator('.word')).toHaveText('●live');
  return all;
}

async function shownQuotes(page: Page): Promise<Quote[]> {
  return page.locator('.watchlist tbody tr[data-instrument]').evaluateAll((lines) =>
    lines.map((line) => {
      const cells = (line as HTMLTableRowElement).cells;
      const figure = (at: number) => {
        const text = cells[at]?.textContent ?? '';
        return text === '–' ? null : text;
      };
      return { instrument: cells[0]?.textContent ?? '', bid: figure(5), ask: figure(6) };
    }),
  );
}

test('the ladder is the hub’s book at the same sequence number', async ({ page }) => {
  const [name = ''] = await open(page);
  let matches = 0;
  const deadline_ms = Date.now() + 30_000;
  while (matches < 5 && Date.now() < deadline_ms) {
    const [shown, held] = await Promise.all([
      ladder(page),
      ask<{ bids: string[][]; asks: string[][]; seq: number; epoch: string }>(
        `book?instrument=${encodeURIComponent(name)}&depth=20`,
      ),
    ]);
    if (shown.seq !== held.seq || shown.epoch !== held.epoch) continue;
    expect({ bids: shown.bids, asks: shown.asks }).toEqual({ bids: held.bids, asks: held.asks });
    matches += 1;
  }
  expect(matches).toBeGreaterThan(0);
});

test('the watchlist is the hub’s quotes', async ({ page }) => {
  await page.setViewportSize({ width: 1600, height: 1400 });
  const all = await open(page);
  if (TICKWIRE_PAUSE) execSync(TICKWIRE_PAUSE);
  try {
    await page.waitForTimeout(TICKWIRE_PAUSE ? 1_500 : 0);
    // Without a pause the market runs on between the two looks: each symbol must agree in one of many.
    const open_names = new Set(all);
    const deadline_ms = Date.now() + 40_000;
    while (open_names.size !== 0 && Date.now() < deadline_ms) {
      const path = `quotes?instruments=${[...open_names].map(encodeURIComponent).join(',')}`;
      const [{ quotes }, shown] = await Promise.all([
        ask<{ quotes: Quote[] }>(path),
        shownQuotes(page),
      ]);
      for (const { instrument, bid, ask: offered } of quotes) {
        const line = shown.find((quote) => quote.instrument === instrument);
        if (line?.bid === bid && line.ask === offered) open_names.delete(instrument);
      }
    }
    expect([...open_names]).toEqual([]);
  } finally {
    if (TICKWIRE_CONTINUE) execSync(TICKWIRE_CONTINUE);
  }
});

test('the chart’s last bars are the hub’s', async ({ page }) => {
  const [name = ''] = await open(page);
  const path = `bars?instrument=${encodeURIComponent(name)}&interval=1m&limit=50000`;
  await expect
    .poll(
      async () => {
        const { bars } = await ask<{ bars: { close: string }[] }>(path);
        const legend = (await page.getByTestId('legend').textContent()) ?? '';
        return legend.includes(`C ${bars.at(-1)?.close}`);
      },
      { timeout: 15_000 },
    )
    .toBe(true);
});

test('a kill of the hub is survived without a reload', async ({ page }) => {
  test.skip(!TICKWIRE_KILL, 'TICKWIRE_KILL says no way to kill the hub');
  test.setTimeout(120_000);
  const [name = ''] = await open(page);
  const unbroken = await mark(page);
  const before = await ladder(page);
  execSync(String(TICKWIRE_KILL));
  await expect(link(page)).toContainText(/reconnecting/, { timeout: 15_000 });
  await expect(row(page, name).locator('.word')).toContainText('last known');
  await expect(link(page)).toHaveText('●live', { timeout: 60_000 });
  await expect(row(page, name).locator('.word')).toHaveText('●live', { timeout: 60_000 });
  await expect(page.getByTestId('book-state')).toHaveText('●live', { timeout: 60_000 });
  const after = await ladder(page);
  // The same log: further on. Another log (an embedded broker): its own epoch.
  if (after.epoch === before.epoch) expect(after.seq).toBeGreaterThan(before.seq);
  expect(after.bids.length).toBeGreaterThan(0);
  expect(await unbroken()).toBe(true);
});
