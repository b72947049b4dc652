import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoBrowser } from '../../scripts/browser/chromium.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { browserSuite } from './browser-suite.ts';
import { openReport, startBrowser } from './open-report.ts';
import { resNet50Job } from './resnet50-job.ts';

const job = resNet50Job();
const alone = { ...job, details: undefined, whyNoDetails: 'The exchange is not on this machine.' };
const unstarted = { ...alone, status: {} };
const narrow = { viewport: { width: 390, height: 844 } };
const sections = [
  'Where the time went',
  'Where the energy went',
  'Speedup',
  'Accuracy by stage',
  'Size, multiplications and latency',
  'Loss curves',
  'Blocks',
  'All figures of the run',
];

const skip = cannotRun(browserSuite, await whyNoBrowser());

describe.skipIf(skip)('a report in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  test.each([
    ['files', job],
    ['a status alone', alone],
    ['a job that has not started', unstarted],
  ])('from %s asks for nothing but itself, and the browser complains of nothing', async (_, input) => {
    await using report = await openReport(browser, input);
    await report.page.emulateMedia({ colorScheme: 'dark' });
    expect(report.requests).toEqual([report.url]);
    expect(report.complaints).toEqual([]);
  });

  test.each([
    ['wide', {}],
    ['narrow', narrow],
  ])('shows every section, and every picture once, in a %s window', async (_, options) => {
    await using report = await openReport(browser, job, options);
    const { page } = report;
    for (const name of sections) {
      expect(await page.getByRole('region', { name, exact: true }).isVisible(), name).toBe(true);
    }
    for (const name of [
      'Timeline of the job',
      'Shares of the device time',
      'Accuracy by stage',
      'Speedup against ideal and ceiling',
      'Weights a block',
      'Multiplications a sample and block',
      'Energy by device, while units ran on it',
      'Loss of block conv5_block3_2_conv',
    ]) {
      const picture = page.getByRole('img', { name, exact: true });
      expect(await picture.count(), name).toBe(1);
      expect((await picture.boundingBox())?.width, name).toBeGreaterThan(100);
    }
  });

  test.each([
    ['wide', 'light', {}],
    ['wide', 'dark', {}],
    ['narrow', 'light', narrow],
    ['narrow', 'dark', narrow],
  ] as const)('has no barrier that axe finds, %s and %s', async (_, colorScheme, options) => {
    await using report = await openReport(browser, job, { ...options, colorScheme, bypassCSP: true });
    expect(await barriers(report.page)).toEqual([]);
  });

  test.each([
    ['files', job],
    ['a status alone', alone],
    ['a job that has not started', unstarted],
  ])('does not scroll sideways on a phone, made from %s', async (_, input) => {
    await using report = await openReport(browser, input, narrow);
    expect(await report.page.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  test('letters in pictures keep their size on a phone', async () => {
    await using report = await openReport(browser, job, narrow);
    const label = report.page.locator('#time .narrow svg text').first();
    expect((await label.boundingBox())?.height).toBeGreaterThan(11);
  });

  test('a table that is wider than the window scrolls by the keyboard', async () => {
    await using report = await openReport(browser, job, narrow);
    const { page } = report;
    await page.getByRole('region', { name: 'What became of each block' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.evaluate('document.activeElement.scrollLeft')).toBeGreaterThan(0);
  });

  test('has other colours in the dark, on the page and in pictures', async () => {
    const seen = async (colorScheme: 'light' | 'dark') => {
      await using report = await openReport(browser, job, { colorScheme });
      return {
        page: await style(report.page, 'body', 'backgroundColor'),
        text: await style(report.page, 'body', 'color'),
        axis: await style(report.page, '#time .wide svg text', 'fill'),
        accuracy: await style(report.page, '#accuracy .wide svg g[fill="var(--after)"] path', 'fill'),
      };
    };
    const [light, dark] = [await seen('light'), await seen('dark')];
    expect(light.page).toBe('rgb(255, 255, 255)');
    for (const key of ['page', 'text', 'axis', 'accuracy'] as const)
      expect(dark[key], key).not.toBe(light[key]);
  });

  test('is printed in light colours, with its tables and without what only a screen can use', async () => {
    await using report = await openReport(browser, job, { colorScheme: 'dark' });
    const { page } = report;
    const losses = page.getByText('Mean loss of each epoch');
    expect(await losses.isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await style(page, 'body', 'backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.getByRole('navigation').isVisible()).toBe(false);
    await expect.poll(() => losses.isVisible()).toBe(true);
    expect(await page.locator('#time .wide svg').first().isVisible()).toBe(true);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('a block may be called whatever it likes', async () => {
    const evil = '<script>alert(1)</script>"><img src=http://127.0.0.1:9/x onerror=alert(2)>';
    const status = JSON.parse(
      JSON.stringify(job.status).replaceAll('conv4_block3_2_conv', JSON.stringify(evil).slice(1, -1)),
    ) as typeof job.status;
    await using report = await openReport(browser, { ...alone, status, job: { ...job.job, name: evil } });
    expect(await report.page.getByRole('heading', { level: 1 }).textContent()).toBe(evil);
    expect(report.requests).toEqual([report.url]);
    expect(report.complaints).toEqual([]);
  });
});

async function style(page: Page, selector: string, property: string): Promise<unknown> {
  const text = JSON.stringify;
  return await page.evaluate(
    `getComputedStyle(document.querySelector(${text(selector)}))[${text(property)}]`,
  );
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface AxeResult {
  readonly violations: readonly { id: string; nodes: readonly { html: string; failureSummary?: string }[] }[];
}

/** What axe-core finds wrong by WCAG 2.2 AA, a line a rule. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axe, 'utf8'));
  const found = await page.evaluate<AxeResult>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  );
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
  );
}
