/** Takes pictures of the page served at TICKWIRE_PAGE, in both themes and three sizes, into a folder. */
import { chromium } from '@playwright/test';

const page_url = process.env.TICKWIRE_PAGE ?? 'http://127.0.0.1:4173/';
const folder = process.argv[2] ?? '/tmp';
const settle_ms = Number(process.env.SETTLE_MS ?? 6_000);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const colorScheme of ['dark', 'light']) {
  for (const [width, height] of [
    [1440, 900],
    [2560, 1440],
    [1024, 768],
    [800, 1000],
  ]) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    page.on('console', (message) => console.log(message.type(), message.text()));
    page.on('pageerror', (error) => console.log('fault', error.message));
    await page.goto(page_url);
    await page.waitForTimeout(settle_ms);
    await page.screenshot({ path: `${folder}/terminal-${colorScheme}-${width}x${height}.png` });
    await page.close();
  }
}
await browser.close();
