import { expect, test } from 'vitest';
import { hasChromium, openBrowser } from '../../console/test/browser.ts';
import { ensureBuilt } from '../../console/test/build.ts';
import { cannotWatch, Guard, until } from '../harness.ts';

const skip = cannotWatch ?? (hasChromium ? undefined : 'needs Debian’s chromium');

/** Where to put a picture of the page, if anywhere: how the one in the README is made. */
const picture = process.env.PICKET_SCREENSHOT;

test.skipIf(skip)(
  `the page of a running agent shows the demo's attacks within 2 s, and asks nobody else${skip ? `: ${skip}` : ''}`,
  { timeout: 90_000 },
  async () => {
    await ensureBuilt();
    await using guard = await Guard.start(['--demo']);
    const browser = await openBrowser();
    try {
      const page = await browser.context.newPage();
      const foreign: string[] = [];
      const faults: string[] = [];
      page.on('request', (request) => {
        if (!request.url().startsWith(guard.url)) foreign.push(request.url());
      });
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      await page.goto(guard.url);
      const shown = (text: RegExp, timeoutMs: number) =>
        until(
          `the page shows ${text}`,
          async () => text.test((await page.textContent('body')) ?? '') || undefined,
          timeoutMs,
        );
      const told = (word: string) =>
        until(
          `the attack begins: ${word}`,
          () => guard.stderr.find((line) => line.text.includes(word)),
          20_000,
        );

      await shown(/frontend/, 10_000);
      const scan = await told('scans 200 ports');
      await shown(/Port scan: guest-laptop/, 10_000);
      expect(performance.now() - scan.at).toBeLessThan(2_000);
      const breach = await told('database port');
      await shown(/5432/, 10_000);
      expect(performance.now() - breach.at).toBeLessThan(2_000);

      if (picture) await page.screenshot({ path: picture });
      expect(foreign).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
