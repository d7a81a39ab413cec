/** It shows what the hub sent, in either protocol, and is reachable by keyboard. */

import { nowUs } from '../fakehub/hub.ts';
import {
  ACME,
  BOLT,
  bar,
  expect,
  ladder,
  link,
  newestUs,
  print,
  row,
  rowCells,
  tape,
  test,
} from './stage.ts';

for (const protocol of ['tickwire.v1.msgpack', 'tickwire.v1.json']) {
  test(`quotes, book, trades and bars arrive as they were sent (${protocol})`, async ({
    page,
    hub,
  }) => {
    hub.protocols = [protocol];
    await page.goto(`${hub.url}#/${ACME}/1m`);
    await expect(link(page)).toHaveText('●live');
    await expect(row(page, ACME).locator('.word')).toHaveText('●live');
    expect(await rowCells(page, ACME)).toEqual([
      ACME,
      '100.05',
      '+1.05',
      '+1.06 %o',
      '100.00',
      '100.05',
      'live',
    ]);

    await expect(page.getByTestId('book-state')).toHaveText('●live');
    const shown = await ladder(page);
    const held = hub.topic('book.20', ACME).data() as { bids: string[][]; asks: string[][] };
    expect(shown.bids).toEqual(held.bids);
    expect(shown.asks).toEqual(held.asks);
    await expect(page.getByTestId('spread')).toHaveText('spread 0.06 · 6.0 bp');
    expect(await tape(page)).toEqual(['t3', 't2', 't1']);
    await expect(page.getByTestId('legend')).toContainText('C 101.00');

    hub.change('quote', ACME, { bid: '100.01', ts: nowUs() });
    hub.change('stats', ACME, {
      last: '-0.07',
      prev_close: '50.00',
      change: '-50.07',
      notional: '123456789012345678901234567.89012',
      ts: nowUs(),
    });
    hub.change('book.20', ACME, {
      bids: [
        ['99.99', '0'],
        ['99.985', '7.000'],
      ].map(([price, qty]) => [price === '99.985' ? '99.98' : price, qty]),
      asks: [['100.05', '0.001']],
      ts: nowUs(),
    });
    hub.change('trade', ACME, print('t4', '100.07', { aggressor: null }));
    hub.change('bars.1m', ACME, [{ start: newestUs(hub), close: '100.07', trades: 4 }]);
    await expect
      .poll(() => rowCells(page, ACME))
      .toEqual([ACME, '-0.07', '-50.07', '-100.14 %', '100.01', '100.05', 'live']);
    await expect.poll(() => tape(page)).toEqual(['t4', 't3', 't2', 't1']);
    await expect(page.getByTestId('legend')).toContainText('C 100.07');
    const after = await ladder(page);
    expect(after.bids[0]).toEqual(['99.98', '7.000']);
    expect(after.asks[0]).toEqual(['100.05', '0.001']);
    await expect(page).toHaveTitle(`-0.07 ${ACME} · Tickwire`);
  });
}

test('cancels are struck through, corrections marked, missed prints told', async ({
  page,
  hub,
}) => {
  await page.goto(`${hub.url}#/${ACME}/1m`);
  await expect.poll(() => tape(page)).toEqual(['t3', 't2', 't1']);
  hub.change('trade', ACME, { cancel: 't2', ts: nowUs() });
  hub.change('trade', ACME, { correct: 't1', price: '99.50', qty: '9.000', ts: nowUs() });
  await expect(page.locator('[data-trade="t2"]')).toHaveClass(/canceled/);
  await expect(page.locator('[data-trade="t2"]')).toContainText('canceled');
  await expect(page.locator('[data-trade="t1"]')).toContainText('corrected from 1.500 at 100.00');
  await expect(page.locator('[data-trade="t1"] .price')).toHaveText('99.50');

  const topic = hub.topic('trade', ACME);
  topic.seq += 32;
  hub.sayRaw({
    op: 'event',
    channel: 'trade',
    instrument: ACME,
    first: 6,
    last: 37,
    missed: 31,
    data: [print('t9')],
  });
  await expect.poll(() => tape(page)).toEqual(['t9', '31 prints missed', 't3', 't2', 't1']);
});

test('a revised closed bar is replaced in place, older bars come on scrolling back, gaps are named', async ({
  page,
  hub,
}) => {
  const older = Array.from({ length: 900 }, (_, at) =>
    bar(newestUs(hub) - (902 - at) * 60_000_000, { state: 'final', gap: at === 899 }),
  );
  hub.stored.set(`${ACME} 1m`, older);
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/bars?')) asked.push(request.url());
  });
  await page.goto(`${hub.url}#/${ACME}/1m`);
  await expect(page.getByTestId('legend')).toContainText('C 101.00');
  await expect.poll(() => asked.length).toBe(1);
  await expect(page.getByTestId('chart-notice')).toHaveText('');
  const chart = page.locator('#chart');
  await chart.focus();
  for (let step = 0; step < 60; step++) await page.keyboard.press('ArrowLeft');
  await expect.poll(() => asked.length).toBeGreaterThan(1);
  await page.keyboard.press('End');

  hub.change('bars.1m', ACME, [
    { start: newestUs(hub) - 60_000_000, close: '99.25', rev: 1, state: 'closed' },
  ]);
  const box = await chart.boundingBox();
  if (box === null) throw new Error('no chart');
  // Walk the pointer from the newest bar leftwards until the legend names the bars looked for.
  const find = async (words: string[]) => {
    for (let x = box.x + box.width - 60; box.x + 20 < x; x -= 2) {
      await page.mouse.move(x, box.y + box.height / 2);
      const legend = (await page.getByTestId('legend').innerText()).replace(/\s+/g, ' ');
      if (words.every((word) => legend.includes(word))) return legend;
    }
    return null;
  };
  await expect
    .poll(() => find(['C 99.25', 'closed, revision 1']), { timeout: 25_000 })
    .not.toBeNull();
  expect(await find(['gap: recording missed something here'])).not.toBeNull();
});

test('another symbol is followed and the one before left', async ({ page, hub }) => {
  await page.goto(`${hub.url}#/${ACME}/1m`);
  await expect.poll(() => tape(page)).toEqual(['t3', 't2', 't1']);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#\/SIM:BOLT\/1m$/);
  await expect(page.getByTestId('last')).toHaveText('200.05');
  await expect.poll(async () => (await ladder(page)).bids[0]).toEqual(['199.99', '1.000']);
  const left = () =>
    hub.commands
      .filter(({ op }) => op === 'unsubscribe')
      .map(({ channel }) => channel)
      .sort();
  await expect.poll(left).toEqual(['bars.1m', 'book.20', 'trade']);
});

test('everything is reached by keyboard', async ({ page, hub }) => {
  await page.goto(hub.url);
  await expect(row(page, BOLT)).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.locator('#search')).toBeFocused();
  await page.keyboard.type('bolt');
  await expect(row(page, ACME)).toHaveCount(0);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: BOLT })).toBeVisible();
  await page.keyboard.press('3');
  await expect(page).toHaveURL(/#\/SIM:BOLT\/5m$/);
  await page.keyboard.press('d');
  await expect(page.getByRole('combobox')).toHaveValue('50');
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const before = await theme();
  await page.keyboard.press('t');
  await expect.poll(theme).not.toBe(before);
  const turned = await theme();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.reload();
  expect(await theme()).toBe(turned);
  await expect(page).toHaveURL(/#\/SIM:BOLT\/5m$/);
});

test('a symbol that appears later joins the list; one that is unknown is said to be', async ({
  page,
  hub,
}) => {
  await page.goto(`${hub.url}#/NO:SUCH/1m`);
  await expect(page.locator('.panel.focus')).toContainText('The hub knows no NO:SUCH yet');
  await expect(page.getByTestId('book-notice')).toContainText('nothing was ever heard of it');
  hub.add('SIM:CORE');
  hub.change('quote', 'SIM:CORE', { bid: '1.00', state: 'live' });
  await expect(row(page, 'SIM:CORE').locator('.word')).toHaveText('●live', { timeout: 20_000 });
});
