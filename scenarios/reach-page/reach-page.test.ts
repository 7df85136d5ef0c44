import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, openBrowser, type TestBrowser } from '../../console/test/browser.ts';
import { picket, root, temporaryFolder, until } from '../harness.ts';

const skip = hasChromium ? undefined : 'needs Debian’s chromium';
const because = skip ? `: ${skip}` : '';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A folder to put pictures of the page into, for people to look at. */
const pictures = process.env.PICKET_SCREENSHOTS;

/** Workloads in more namespaces and numbers than are drawn one by one. */
function crowd(): string {
  const documents: string[] = [];
  for (let space = 0; space < 8; space++) {
    for (let one = 0; one < 12; one++) {
      const tier = ['web', 'api', 'db'][one % 3];
      documents.push(`apiVersion: apps/v1
kind: Deployment
metadata: {name: service-${one}, namespace: team-${space}}
spec:
  selector: {matchLabels: {app: service-${one}}}
  template:
    metadata: {labels: {app: service-${one}, tier: ${tier}}}
    spec: {containers: [{name: main, image: example.test/main}]}
`);
    }
    const policy = (name: string, spec: string) =>
      documents.push(
        `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: team-${space}}\nspec: ${spec}\n`,
      );
    if (space > 5) continue;
    policy('closed', '{podSelector: {}, policyTypes: [Ingress]}');
    policy(
      'api',
      '{podSelector: {matchLabels: {tier: api}}, ingress: [{from: [{podSelector: {matchLabels: {tier: web}}}], ports: [{port: 8080}]}]}',
    );
  }
  return documents.join('---\n');
}

interface Opened {
  readonly page: Page;
  /** Requests beyond the file itself, errors and messages of the page. */
  readonly faults: string[];
}

describe.skipIf(skip)(`the page and picture of picket reach${because}`, () => {
  let browser: TestBrowser;
  let strict: TestBrowser;
  const folder = temporaryFolder();
  const files = {
    site: join(root, 'scenarios/reach-page/site.yaml'),
    crowd: join(folder.path, 'crowd.yaml'),
  };

  beforeAll(async () => {
    writeFileSync(files.crowd, crowd());
    // The accessibility checker is a script that the page's policy would refuse; all else is tried under the policy.
    browser = await openBrowser({ bypassCSP: true });
    strict = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await strict?.close();
    folder[Symbol.dispose]();
  });

  function write(manifests: string, form: 'html' | 'svg', ...more: string[]): string {
    const file = join(folder.path, `reach.${form}`);
    const { code, err } = picket(['reach', manifests, '-o', form, '--output-file', file, ...more]);
    expect(code, err).toBe(0);
    return pathToFileURL(file).href;
  }

  async function open(url: string, { context }: TestBrowser = strict): Promise<Opened> {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('request', (request) => {
      if (request.url() !== url && request.url() !== 'data:,') faults.push(`request: ${request.url()}`);
    });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => faults.push(message.text()));
    page.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, faults };
  }

  async function violations(page: Page): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate(async () => {
      const { axe, document } = globalThis as unknown as {
        axe: typeof import('axe-core');
        document: import('axe-core').ElementContext;
      };
      const { violations: found } = await axe.run(document, { resultTypes: ['violations'] });
      return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
  }

  const textOf = async (page: Page, selector: string) => (await page.locator(selector).textContent()) ?? '';
  const detailsText = (page: Page) => textOf(page, '#details');

  test('html: without a foreign request, an error or a name taken for markup', async () => {
    const { page, faults } = await open(write(files.site, 'html'));
    expect(await page.locator('#ends li').count()).toBeGreaterThanOrEqual(4);
    expect(await page.locator('img, body script:not([type]) ~ script').count()).toBe(0);
    expect(await textOf(page, '#ends')).toContain('</script><script>alert(1)</script>');
    await page.getByRole('tab', { name: 'Graph' }).click();
    expect(await page.locator('#picture .end').count()).toBeGreaterThanOrEqual(4);
    expect(faults).toEqual([]);
    await page.close();
  });

  test('html: an end shows who reaches it and what it reaches, a cell its ports', async () => {
    const { page, faults } = await open(write(files.site, 'html'));
    await page.locator('#ends').getByRole('button', { name: 'shop/api' }).click();
    const text = await detailsText(page);
    expect(text).toMatch(/Reached by \(\d+\)[\s\S]*shop\/web[\s\S]*TCP 3000,9000-9100/);
    expect(text).toMatch(/Reaches \(\d+\)[\s\S]*data\/a-database/);
    await page.getByRole('gridcell', { name: /^shop\/web to shop\/api:/ }).click();
    expect(await detailsText(page)).toContain('TCP 3000,9000-9100');
    await page.getByRole('gridcell', { name: /^data\/a-database.* to shop\/web:/ }).click();
    expect(await detailsText(page)).toMatch(/Not known[\s\S]*TCP 8080/);
    await page.getByRole('gridcell', { name: /^shop\/api to shop\/web: closed/ }).click();
    expect(await detailsText(page)).toContain('nothing may pass');
    expect(faults).toEqual([]);
    await page.close();
  });

  test('html: by keyboard alone', async () => {
    const { page } = await open(write(files.site, 'html'));
    await page.locator('#search').focus();
    await page.keyboard.type('shop/api');
    await until(
      'the list is filtered',
      async () => (await page.locator('#ends li').count()) === 1 || undefined,
    );
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await detailsText(page)).toContain('shop/api');
    await page.getByRole('tab', { name: 'Matrix' }).focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    expect(await detailsText(page)).toContain('→');
    await page.getByRole('tab', { name: 'Matrix' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#graph').isVisible()).toBe(true);
    await page.locator('#picture .end').first().focus();
    await page.keyboard.press('Enter');
    expect(await detailsText(page)).toContain('Reached by');
    await page.close();
  });

  test.each(['light', 'dark'] as const)('html: no axe finding, %s', async (colorScheme) => {
    for (const [name, manifests] of Object.entries(files)) {
      const { page } = await open(write(manifests, 'html'), browser);
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
      await page.locator('#ends button').nth(1).click();
      const picture = (view: string) => join(pictures ?? '', `${name}-${view}-${colorScheme}.png`);
      if (pictures) await page.screenshot({ path: picture('matrix') });
      await page.getByRole('tab', { name: 'Graph' }).click();
      if (pictures) await page.screenshot({ path: picture('graph') });
      expect(await violations(page)).toEqual([]);
      await page.close();
    }
  });

  test('html: ends that are alike are one row, and every one of them is found', async () => {
    const { page, faults } = await open(write(files.crowd, 'html'));
    expect(await page.locator('#ends li').count()).toBeGreaterThanOrEqual(96);
    expect(await page.locator('#matrix tbody tr').count()).toBeLessThan(30);
    await page.locator('#search').fill('team-3/service-7');
    await until(
      'the list is filtered',
      async () => (await page.locator('#ends li').count()) === 1 || undefined,
    );
    await page.locator('#ends button').first().click();
    // service-7 is an api of team 3: its four web services reach it on 8080, nobody else does.
    const reachedBy = (await detailsText(page)).split('Reaches (')[0]!;
    expect(reachedBy).toContain('Reached by (4)');
    for (const web of [0, 3, 6, 9]) expect(reachedBy).toContain(`team-3/service-${web}`);
    expect(faults).toEqual([]);
    await page.close();
  });

  test.each(['site', 'crowd'] as const)(
    'svg of the %s: every text in its box, none over another',
    async (name) => {
      const { page, faults } = await open(write(files[name], 'svg'));
      const measured = await page.evaluate(() => {
        const browserWindow = globalThis as unknown as {
          document: { querySelectorAll(selector: string): Iterable<SvgPart> };
        };
        interface SvgPart {
          readonly textContent: string | null;
          querySelector(selector: string): SvgPart | null;
          querySelectorAll(selector: string): Iterable<SvgPart>;
          getBoundingClientRect(): { left: number; right: number; top: number; bottom: number };
        }
        const rect = (part: SvgPart) => {
          const { left, right, top, bottom } = part.getBoundingClientRect();
          return { left, right, top, bottom };
        };
        const all = (selector: string) => [...browserWindow.document.querySelectorAll(selector)];
        return {
          boxes: all('.end, .ports').map((group) => ({
            box: rect(group.querySelector('rect')!),
            texts: [...group.querySelectorAll('text')].map((text) => ({
              text: text.textContent,
              ...rect(text),
            })),
          })),
          titles: all('text.title, text.heading, .legend text').map((text) => ({
            text: text.textContent,
            ...rect(text),
          })),
          paper: rect(all('rect.paper')[0]!),
        };
      });
      expect(measured.boxes.length).toBeGreaterThan(5);
      for (const { box, texts } of measured.boxes) {
        for (const text of texts) {
          expect(text.left, text.text ?? '').toBeGreaterThanOrEqual(box.left - 1);
          expect(text.right, text.text ?? '').toBeLessThanOrEqual(box.right + 1);
          expect(text.top, text.text ?? '').toBeGreaterThanOrEqual(box.top - 1);
          expect(text.bottom, text.text ?? '').toBeLessThanOrEqual(box.bottom + 1);
        }
      }
      const texts = [...measured.boxes.flatMap((group) => group.texts), ...measured.titles];
      for (const [at, a] of texts.entries()) {
        expect(a.right, a.text ?? '').toBeLessThanOrEqual(measured.paper.right);
        for (const b of texts.slice(at + 1)) {
          const over =
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
          expect(over, `${a.text} over ${b.text}`).toBe(false);
        }
      }
      expect(faults).toEqual([]);
      await page.close();
    },
  );
});
