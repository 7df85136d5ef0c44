import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, openBrowser, type TestBrowser } from './browser.ts';
import { ensureBuilt } from './build.ts';
import { flow, gap, scan, status } from './sample.ts';
import { Site } from './site.ts';

const skipped = hasChromium ? '' : ' (skipped: /usr/bin/chromium is missing)';

describe.skipIf(!hasChromium)(`accessibility${skipped}`, { timeout: 30_000 }, () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  let browser: TestBrowser;
  let site: Site;

  beforeAll(async () => {
    await ensureBuilt();
    browser = await openBrowser({ bypassCSP: true });
    const now = Date.now();
    site = new Site(status(now, 3_600_000, { alerts: { open: 2, total: 2 } }));
    await site.start();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const filled of [false, true]) {
      test(`no axe finding, ${colorScheme}, ${filled ? 'with alerts, flows, panel and help' : 'empty'}`, async () => {
        const now = Date.now();
        site.flows = filled ? Array.from({ length: 60 }, (_, index) => flow(index, now)) : [];
        site.alerts = filled
          ? [gap(now, 0), scan(now, 1000), scan(now, 9000, { id: 'm', severity: 'medium', lost: 0 })]
          : [];
        const page = await browser.context.newPage();
        await page.emulateMedia({ colorScheme });
        await page.goto(`${site.url}${filled ? '?alert=a-gap&flow=f3' : ''}`);
        await page
          .locator(filled ? '.panel .reason' : '.flows .empty')
          .first()
          .waitFor();
        expect(await findings(page, axe)).toEqual([]);
        await page.keyboard.press('?');
        await page.locator('dialog[open]').waitFor();
        expect(await findings(page, axe)).toEqual([]);
        await page.close();
      });
    }
  }
});

async function findings(page: Page, axe: string): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const result = await axe.run(document, { resultTypes: ['violations'] });
    return result.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
  });
}
