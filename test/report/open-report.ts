import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { buildReport } from '../../cli/report/build-report.ts';
import type { ReportInput } from '../../cli/report/report-input.ts';
import { renderPage } from '../../cli/report/render/page.ts';
import { chromiumProgram } from '../../scripts/browser/chromium.ts';

/** Without a sandbox, which root can't have, and without what a browser looks up by itself. */
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: chromiumProgram(), args: browserArguments });
}

export interface OpenReport extends AsyncDisposable {
  readonly page: Page;
  readonly url: string;
  /** What the browser complained of. */
  readonly complaints: readonly string[];
  /** Every URL that it asked for. */
  readonly requests: readonly string[];
}

/** A report in a browser window of its own, as a file on the disk. */
export async function openReport(
  browser: Browser,
  input: ReportInput,
  options: BrowserContextOptions = {},
): Promise<OpenReport> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-report-'));
  const file = join(folder.path, 'report.html');
  await writeFile(file, renderPage(buildReport(input, new Date(input.asOf))));
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(request.url()));
  const url = pathToFileURL(file).href;
  await page.goto(url);
  return {
    page,
    url,
    complaints,
    requests,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await folder.remove();
    },
  };
}
