/** It is never wrong without saying so, and loses nothing. */

import { nowUs } from '../fakehub/hub.ts';
import {
  ACME,
  bar,
  expect,
  ladder,
  link,
  mark,
  newestUs,
  print,
  row,
  rowCells,
  sleepable,
  tape,
  test,
} from './stage.ts';

test.beforeEach(async ({ page, hub }) => {
  await page.goto(`${hub.url}#/${ACME}/1m`);
  await expect(link(page)).toHaveText('●live');
  await expect.poll(() => tape(page)).toEqual(['t3', 't2', 't1']);
});

for (const [state, words] of [
  ['stale', 'silent for a while'],
  ['unsynced', 'not synchronised'],
  ['crossed', 'best bid is above the best ask'],
  ['halted', 'halted at the venue'],
  ['disconnected', 'lost this instrument'],
  ['checksum_failed', 'checksum'],
]) {
  test(`a book that is ${state} says so and loses its colours, and comes back`, async ({
    page,
    hub,
  }) => {
    const colours = () =>
      page
        .getByTestId('ladder')
        .locator('.price')
        .evaluateAll(
          (prices) => new Set(prices.map((price) => getComputedStyle(price).color)).size,
        );
    expect(await colours()).toBe(2);
    hub.change('book.20', ACME, { state });
    hub.say('quote', ACME, String(state));
    const word = String(state).replace('_', ' ');
    await expect(page.getByTestId('book-state')).toContainText(word);
    await expect(page.getByTestId('book-notice')).toContainText(String(words));
    await expect(row(page, ACME).locator('.word')).toContainText(word);
    await expect(page.getByTestId('symbol-state')).toContainText(word);
    await expect(page.getByTestId('census')).toContainText(`1 ${word}`);
    expect(await colours()).toBe(1);
    expect((await ladder(page)).bids).toHaveLength(20);
    hub.change('book.20', ACME, { state: 'live' });
    await expect(page.getByTestId('book-state')).toHaveText('●live');
    expect(await colours()).toBe(2);
  });
}

test('ages grow in words while nothing comes', async ({ page, hub }) => {
  hub.change('quote', ACME, { bid: '100.02', ts: nowUs() - 3 * 3_600_000_000 });
  hub.change('stats', ACME, { last: '1.00', ts: nowUs() - 3 * 3_600_000_000 });
  await expect(row(page, ACME).locator('.age')).toHaveText('3 h');
  hub.change('quote', ACME, { bid: '100.03', ts: nowUs() });
  await expect(row(page, ACME).locator('.age')).toHaveText('3 s', { timeout: 6_000 });
});

test('a gap is healed by resuming where it stood, in the book and on the tape', async ({
  page,
  hub,
}) => {
  await page.waitForTimeout(2_100);
  hub.losing = true;
  hub.change('book.20', ACME, {
    bids: [
      ['99.99', '0'],
      ['99.98', '0'],
    ],
    ts: nowUs(),
  });
  hub.change('trade', ACME, print('lost'));
  hub.losing = false;
  hub.change('book.20', ACME, { bids: [['99.97', '4.444']], ts: nowUs() });
  hub.change('trade', ACME, print('after'));
  await expect.poll(() => tape(page)).toEqual(['after', 'lost', 't3', 't2', 't1']);
  await expect.poll(async () => (await ladder(page)).bids[0]).toEqual(['99.97', '4.444']);
  const resumed = hub.commands.filter(
    ({ op, resume }) => op === 'subscribe' && resume !== undefined,
  );
  expect(resumed.map(({ channel }) => channel).sort()).toEqual(['book.20', 'trade']);
});

test('what a gap took for good is told on the tape', async ({ page, hub }) => {
  await page.waitForTimeout(2_100);
  hub.losing = true;
  for (let at = 0; at < 131; at++) hub.change('trade', ACME, print(`l${at}`));
  hub.forget();
  hub.losing = false;
  hub.change('trade', ACME, print('after'));
  await expect.poll(async () => (await tape(page))[0]).toBe('after');
  const scroller = page.locator('.tape .scroller');
  await scroller.evaluate((box) => box.scrollTo(0, 100 * 20));
  await expect.poll(() => tape(page)).toContain('132 prints missed; the last 100 of them follow');
});

test('a restart of the hub is survived without a reload, nothing lost', async ({ page, hub }) => {
  const unbroken = await mark(page);
  await hub.down();
  await expect(link(page)).toContainText(/reconnecting (in \d+ s|now)|connecting/);
  await expect(page.getByTestId('reason')).toContainText(/was lost|does not answer/);
  await expect(page.getByTestId('heard')).toHaveText(/last message \d+ s ago/);
  await expect(row(page, ACME).locator('.word')).toContainText('last known');
  await expect(page.getByTestId('book-notice')).toContainText('no connection');
  expect(await rowCells(page, ACME)).toEqual([
    ACME,
    '100.05',
    '+1.05',
    '+1.06 %o',
    '100.00',
    '100.05',
    'last known',
  ]);

  hub.topic('trade', ACME).change(print('while-away'));
  hub.topic('book.20', ACME).change({ asks: [['100.05', '8.888']] });
  hub.topic('bars.1m', ACME).change([{ start: newestUs(hub), close: '100.44' }]);
  hub.commands.length = 0;
  await hub.up();
  await expect(link(page)).toHaveText('●live', { timeout: 20_000 });
  await expect.poll(() => tape(page)).toEqual(['while-away', 't3', 't2', 't1']);
  await expect.poll(async () => (await ladder(page)).asks[0]).toEqual(['100.05', '8.888']);
  await expect(page.getByTestId('legend')).toContainText('C 100.44');
  await expect(page.getByTestId('book-state')).toHaveText('●live');
  const first = hub.commands.filter(({ op }) => op === 'subscribe');
  expect(first.every(({ resume }) => resume !== undefined)).toBe(true);
  expect(await unbroken()).toBe(true);
});

test('another epoch is taken as it is: a new book, an unknown loss, bars asked for again', async ({
  page,
  hub,
}) => {
  const unbroken = await mark(page);
  await hub.down();
  hub.newEpoch();
  hub.topic('book.20', ACME).change({ bids: [['99.99', '3.333']] });
  hub.topic('trade', ACME).change(print('new-log'));
  hub
    .topic('bars.1m', ACME)
    .change([bar(newestUs(hub) - 60_000_000, { close: '77.00', state: 'closed' })]);
  await hub.up();
  await expect(link(page)).toHaveText('●live', { timeout: 20_000 });
  await expect.poll(async () => (await tape(page))[0]).toBe('new-log');
  expect(await tape(page)).toContain('an unknown number of prints missed; the last 1 follow');
  await expect.poll(async () => (await ladder(page)).epoch).toBe('epoch.2');
  expect((await ladder(page)).bids[0]).toEqual(['99.99', '3.333']);
  expect(await unbroken()).toBe(true);
});

test('a hub that falls silent is left and found again', async ({ page, hub }) => {
  hub.beating = false;
  await expect(page.getByTestId('reason')).toContainText('nothing was heard for', {
    timeout: 10_000,
  });
  hub.beating = true;
  await expect(link(page)).toHaveText('●live', { timeout: 20_000 });
});

test('closing words are shown, and a refusal waits for the trader', async ({ page, hub }) => {
  hub.close(4008, 'too slow');
  await expect(page.getByTestId('reason')).toContainText('this page read too slowly');
  await expect(link(page)).toHaveText('●live', { timeout: 20_000 });
  hub.close(1008, 'no entitlement');
  await expect(link(page)).toContainText('refused');
  await expect(page.getByTestId('reason')).toContainText('no entitlement');
  await page.waitForTimeout(2_000);
  expect(hub.sessions).toBe(0);
  await page.keyboard.press('r');
  await expect(link(page)).toHaveText('●live');
});

test('a bye is obeyed', async ({ page, hub }) => {
  hub.sayRaw({ op: 'bye', reconnect_after_ms: 3_000 });
  hub.close(1001);
  await expect(link(page)).toContainText(/reconnecting in [34] s/);
  await expect(page.getByTestId('reason')).toHaveText('the hub went away as it had announced');
  const before_ms = Date.now();
  await expect.poll(() => hub.sessions, { timeout: 10_000 }).toBe(1);
  expect(Date.now() - before_ms).toBeGreaterThan(2_000);
  await expect(link(page)).toHaveText('●live', { timeout: 10_000 });
});

test('what the hub is without is said in words, the worst first, and nothing where all is well', async ({
  page,
  hub,
}) => {
  const told = page.getByTestId('readiness');
  const words = () => told.locator('.state').allInnerTexts();
  await expect(told).toBeHidden();
  hub.away = { redis: 'connection refused', database: 'timed out', kafka: 'no broker answers' };
  await expect
    .poll(async () => (await words()).map((text) => text.replace(/^\S\s*/, '')), { timeout: 8_000 })
    .toEqual([
      'log: Kafka is away — prices may be old',
      'history: database is away',
      'cache: Redis is away',
    ]);
  await page.setViewportSize({ width: 1280, height: 720 });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  expect(await wide()).toBe(1280);
  await expect(told.getByText('history: database is away')).toHaveAttribute('title', 'timed out');
  hub.away = {};
  await expect(told).toBeHidden({ timeout: 8_000 });
});

test('a hub that is up but not ready says so, at once when the page comes back to it', async ({
  page,
  hub,
}) => {
  await hub.down();
  await expect(link(page)).toContainText(/reconnecting|connecting/);
  hub.ready = false;
  await hub.up();
  await expect(link(page)).toHaveText('●live', { timeout: 20_000 });
  await expect(page.getByTestId('readiness')).toContainText('hub: not ready', { timeout: 1_500 });
  hub.ready = true;
  await expect(page.getByTestId('readiness')).toBeHidden({ timeout: 8_000 });
});

test('a tab that slept loses nothing and shows the newest at once', async ({ page, hub }) => {
  const { sleep, wake } = await sleepable(page);
  await page.reload();
  await expect.poll(() => tape(page)).toEqual(['t3', 't2', 't1']);
  await sleep();
  await page.waitForTimeout(300);
  for (let at = 1; at <= 400; at++) {
    hub.topic('trade', ACME).change(print(`s${at}`));
    hub.topic('quote', ACME).change({ bid: `${100 + at}.00`, ts: nowUs() });
    hub.topic('stats', ACME).change({ last: `${100 + at}.00`, ts: nowUs() });
    hub.topic('book.20', ACME).change({ bids: [['99.99', `${at}.000`]] });
    hub.flush();
    if (at % 40 === 0) await page.waitForTimeout(60);
  }
  expect((await tape(page))[0]).toBe('t3');
  await expect(page).toHaveTitle(`500.00 ${ACME} · Tickwire`);
  await wake();
  await expect.poll(async () => (await tape(page))[0]).toBe('s400');
  expect((await rowCells(page, ACME))[4]).toBe('500.00');
  expect((await ladder(page)).bids[0]).toEqual(['99.99', '400.000']);
  const all = new Set<string>();
  const box = page.locator('.tape .scroller');
  for (let top = 0; top < 410 * 20; top += 160) {
    await box.evaluate((element, at) => element.scrollTo(0, at), top);
    await page.waitForTimeout(30);
    for (const id of await tape(page)) all.add(id);
  }
  const wanted = Array.from({ length: 400 }, (_, at) => `s${at + 1}`);
  expect(wanted.filter((id) => !all.has(id))).toEqual([]);
});

test('several new bars at once are all drawn', async ({ page, hub }) => {
  const newest_us = newestUs(hub);
  hub.change('bars.1m', ACME, [
    bar(newest_us + 60_000_000, { close: '101.50', state: 'closed' }),
    bar(newest_us + 120_000_000, { close: '101.70' }),
  ]);
  await expect(page.getByTestId('legend')).toContainText('C 101.70');
  hub.change('bars.1m', ACME, [{ start: newest_us + 120_000_000, close: '101.80' }]);
  await expect(page.getByTestId('legend')).toContainText('C 101.80');
});

test('a frozen tab goes on where it stood', async ({ page, hub }) => {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  for (let at = 1; at <= 50; at++) hub.change('trade', ACME, print(`f${at}`));
  hub.change('stats', ACME, { last: '123.45' });
  await new Promise((done) => setTimeout(done, 3_000));
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await expect
    .poll(async () => (await rowCells(page, ACME))[1], { timeout: 15_000 })
    .toBe('123.45');
  await expect.poll(async () => (await tape(page))[0]).toBe('f50');
});

test('a hub that sends what cannot be read is left, with the reason', async ({ page, hub }) => {
  hub.protocols = ['tickwire.v1.json'];
  hub.sayRaw({ op: 'bye', reconnect_after_ms: 1_000 });
  hub.close(1001);
  await expect(page.getByTestId('reason')).toContainText('went away');
  await expect(link(page)).toHaveText('●live', { timeout: 10_000 });
  hub.sayRaw({ op: 'delta', channel: 'quote', instrument: ACME, first: 'x', last: 1, data: {} });
  await expect(page.getByTestId('reason')).toContainText('unreadable');
  await expect(link(page)).toHaveText('●live', { timeout: 20_000 });
});
