/** Whoever cannot see it, or sees it badly, can use it: what axe can tell, in both themes, also when things go wrong. */

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ACME, expect, ladder, link, row, tape, test } from './stage.ts';

/** Each breach in one line: the rule, and where. */
async function breaches(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
  );
}

for (const theme of ['dark', 'light'] as const) {
  test.describe(`${theme} theme`, () => {
    test.use({ colorScheme: theme });

    test.beforeEach(async ({ page, hub }) => {
      await page.goto(`${hub.url}#/${ACME}/1m`);
      await expect(link(page)).toHaveText('●live');
      await expect.poll(() => tape(page)).toEqual(['t3', 't2', 't1']);
      await expect.poll(async () => (await ladder(page)).bids.length).toBe(20);
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    });

    test('axe finds nothing while data is shown', async ({ page }) => {
      expect(await breaches(page)).toEqual([]);
    });

    test('its tables are tables for whoever hears them', async ({ page }) => {
      const session = await page.context().newCDPSession(page);
      const { nodes } = await session.send('Accessibility.getFullAXTree');
      const count = (role: string) => nodes.filter((node) => node.role?.value === role).length;
      expect(count('table')).toBe(3);
      expect(count('columnheader')).toBe(9 + 4 + 4);
      expect(count('rowheader')).toBe(2);
      expect(count('cell')).toBeGreaterThan(2 * 8 + 40 * 4);
    });

    test('axe finds nothing while the help is open', async ({ page }) => {
      await page.keyboard.press('?');
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await breaches(page)).toEqual([]);
    });

    test('axe finds nothing while the connection is lost', async ({ page, hub }) => {
      await hub.down();
      await expect(link(page)).toContainText('reconnecting');
      await expect(row(page, ACME).locator('.word')).toContainText('last known');
      expect(await breaches(page)).toEqual([]);
    });

    test('axe finds nothing while symbols are not to be trusted, or a print was canceled', async ({
      page,
      hub,
    }) => {
      hub.away = { kafka: 'no broker answers', database: 'timed out', redis: 'refused' };
      hub.say('quote', ACME, 'stale');
      hub.change('book.20', ACME, { state: 'crossed' });
      hub.change('trade', ACME, { cancel: 't2', ts: 1 });
      await expect(page.getByTestId('book-state')).toContainText('crossed');
      await expect(row(page, ACME).locator('.word')).toContainText('stale');
      await expect(page.locator('[data-trade="t2"]')).toHaveClass(/canceled/);
      await expect(page.getByTestId('readiness')).toContainText('cache', { timeout: 8_000 });
      expect(await breaches(page)).toEqual([]);
    });
  });
}
