/** A page in front of a scripted hub, and ways to read from the page what it says. */

import { test as base, expect, type Page } from '@playwright/test';
import { FakeHub, nowUs } from '../fakehub/hub.ts';

export const ACME = 'SIM:ACME';
export const BOLT = 'SIM:BOLT';

/** Start of the bar, `back` minutes ago. */
export function minuteUs(back = 0): number {
  return (Math.floor(Date.now() / 60_000) - back) * 60_000_000;
}

/** Start of the newest bar that the hub was filled with: the minute may turn during a test. */
export function newestUs(hub: FakeHub): number {
  const bars = hub.topic('bars.1m', ACME).data() as { start: number }[];
  return bars.at(-1)?.start ?? 0;
}

export function bar(start: number, more: object = {}) {
  const prices = { open: '100.00', high: '102.00', low: '99.00', close: '101.00' };
  const sums = { volume: '5.000', notional: '500.00000', vwap: '100.0000000000', trades: 3 };
  return { start, ...prices, ...sums, rev: 0, state: 'open', ...more };
}

export function print(trade_id: string, price = '100.00', more: object = {}) {
  return { trade_id, price, qty: '1.500', aggressor: 'buy', ts: nowUs(), ...more };
}

/** Two instruments, the first with a book, three trades, and bars. */
export function fill(hub: FakeHub): void {
  for (const [at, name] of [ACME, BOLT].entries()) {
    hub.add(name);
    const price = 100 + 100 * at;
    hub.change('quote', name, {
      bid: `${price}.00`,
      bid_qty: '1.000',
      ask: `${price}.05`,
      ask_qty: '2.000',
      ts: nowUs(),
      state: 'live',
    });
    hub.change('stats', name, {
      last: `${price}.05`,
      last_qty: '1.000',
      open: `${price - 1}.00`,
      high: `${price + 1}.00`,
      low: `${price - 2}.00`,
      volume: '1234.500',
      notional: '123450.00000',
      vwap: '100.1234567891',
      trades: 42,
      ts: nowUs(),
    });
    const bids = Array.from({ length: 20 }, (_, step) => [
      `${price - 1}.${99 - step}`,
      `${step + 1}.000`,
    ]);
    const asks = Array.from({ length: 20 }, (_, step) => [
      `${price}.${String(step + 5).padStart(2, '0')}`,
      `${step + 1}.500`,
    ]);
    hub.change('book.20', name, { bids, asks, ts: nowUs(), state: 'live' });
    for (const id of ['t1', 't2', 't3']) hub.topic('trade', name).change(print(id));
    hub.change('bars.1m', name, [
      bar(minuteUs(2), { state: 'closed' }),
      bar(minuteUs(1), { state: 'closed' }),
      bar(minuteUs()),
    ]);
  }
}

export const test = base.extend<{ hub: FakeHub }>({
  // biome-ignore lint/correctness/noEmptyPattern: the shape that fixtures have
  hub: async ({}, use) => {
    const hub = new FakeHub();
    fill(hub);
    await hub.up();
    await use(hub);
    await hub.down();
  },
  page: async ({ page }, use) => {
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // A hub that is down is what some tests are about; a breach of the policy never is.
      const text = message.text();
      if (message.type() === 'error' && !/net::ERR|WebSocket connection|status of 503/.test(text))
        faults.push(text);
    });
    await use(page);
    expect(faults).toEqual([]);
  },
});

export { expect };

export function link(page: Page) {
  return page.getByTestId('link');
}

export function row(page: Page, name: string) {
  return page.locator(`.watchlist tr[data-instrument="${name}"]`);
}

/** Symbol, last, change, percent, bid, ask, state as the watchlist shows them. */
export async function rowCells(page: Page, name: string): Promise<string[]> {
  const cells = await row(page, name).locator('th, td:not(.tick)').allInnerTexts();
  return cells.slice(0, 7).map((text) => text.replace(/^[●◐▲]\s*/, '').trim());
}

/** The ladder as `[price, size]`, best first. */
export function ladder(
  page: Page,
): Promise<{ bids: string[][]; asks: string[][]; seq: number; epoch: string }> {
  return page.getByTestId('ladder').evaluate((table: HTMLTableElement) => {
    const side = (name: string, column: number) =>
      [...table.querySelectorAll<HTMLTableRowElement>(`tr[data-side="${name}"]`)]
        .map((line) => [
          line.cells[1]?.innerText.trim() ?? '',
          line.cells[column]?.innerText.trim() ?? '',
        ])
        .filter(([price]) => price !== '');
    return {
      bids: side('bid', 0),
      asks: side('ask', 2).reverse(),
      seq: Number(table.dataset.seq),
      epoch: table.dataset.epoch ?? '',
    };
  });
}

/** The tape's rows in sight, newest first: a trade id, or the words of a note. */
export function tape(page: Page): Promise<string[]> {
  return page
    .getByTestId('tape')
    .evaluate((table: HTMLTableElement) =>
      [...table.querySelectorAll<HTMLTableRowElement>('tbody tr:not(.spacer)')].map(
        (line) => line.dataset.trade ?? line.cells[1]?.innerText.trim() ?? '',
      ),
    );
}

/** Puts a mark into the page that a reload would wipe out. */
export async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(window, { unbroken: true }));
  return () => page.evaluate(() => 'unbroken' in window);
}

/** Holds back painting and says that the tab is hidden, as a browser does with a tab behind another. */
export async function sleepable(
  page: Page,
): Promise<{ sleep: () => Promise<void>; wake: () => Promise<void> }> {
  await page.addInitScript(() => {
    const paint = window.requestAnimationFrame.bind(window);
    let asleep = false;
    let held: FrameRequestCallback[] = [];
    window.requestAnimationFrame = (callback) => {
      if (!asleep) return paint(callback);
      held.push(callback);
      return 0;
    };
    Object.defineProperty(document, 'hidden', { get: () => asleep });
    Object.assign(window, {
      turn: (to: boolean) => {
        asleep = to;
        document.dispatchEvent(new Event('visibilitychange'));
        const waiting = held;
        if (!asleep) held = [];
        if (!asleep) for (const callback of waiting) paint(callback);
      },
    });
  });
  const turn = (to: boolean) => () =>
    page.evaluate(
      (asleep) => (window as unknown as { turn: (to: boolean) => void }).turn(asleep),
      to,
    );
  return { sleep: turn(true), wake: turn(false) };
}
