// Accessibility of a page as axe-core judges it (WCAG A and AA). Its source runs by evaluate(), which the page's
// Content-Security-Policy does not reach; a <script> element would be refused.
import {expect, type Page} from '@playwright/test';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function expectAccessible(page: Page) {
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const axe = (window as unknown as {axe: {run(options: unknown): Promise<{violations: {id: string; help: string; nodes: {html: string; failureSummary: string}[]}[]}>}}).axe;
    // What fades in would be judged by the colours in between.
    await Promise.all(document.getAnimations().filter((animation) =>
      animation.effect?.getComputedTiming().iterations !== Infinity)
      .map((animation) => animation.finished.catch(() => {})));
    const {violations} = await axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']});
    return violations.map((violation) => `${violation.id}: ${violation.help}\n` +
      violation.nodes.map((node) => `  ${node.html.slice(0, 200)}\n  ${node.failureSummary}`).join('\n'));
  });
  expect(found).toEqual([]);
}

// In light and in dark. `ready` waits for what the page shows.
export async function expectAccessibleInBothThemes(page: Page, ready: () => Promise<void>) {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((value) => localStorage.setItem('tracia.theme', value), theme);
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await ready();
    await expectAccessible(page);
  }
}
