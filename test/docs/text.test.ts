import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parseDistillationJob } from '../../crds/parse-distillation-job.ts';
import { isKnownNeed, needOf, runElsewhere } from './commands.ts';
import { blocksOf, pages, root } from './markdown.ts';
import { readElsewhere, sittings } from './visits.ts';

const all = await pages();
const blocks = (await Promise.all(all.map(blocksOf))).flat();
const commands = blocks.filter(({ language }) => language === 'sh');

test('every block says what it is, so that none with commands is missed', () => {
  const unnamed = blocks.filter(({ language }) => language === '');
  expect(unnamed.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
});

test('every block of commands is run by a test, or says what it needs that tests have not', async () => {
  const problems: string[] = [];
  for (const block of commands) {
    const need = needOf(block);
    if (need !== undefined) {
      if (!isKnownNeed(need))
        problems.push(`${block.page}:${block.line} needs ${need}, which no other block does`);
      continue;
    }
    const other = readElsewhere[block.page];
    const places = other === undefined ? runElsewhere(block) : [other];
    for (const place of places ?? []) await access(join(root, place));
    if (places === undefined && !sittings.some(({ pages: read }) => read.includes(block.page)))
      problems.push(`${block.page}:${block.line} is on a page that test/docs/visits.ts does not visit`);
  }
  expect(problems).toEqual([]);
});

test('every manifest of a job is one', () => {
  const manifests = blocks.filter(
    ({ language, text }) => language === 'yaml' && text.includes('kind: DistillationJob'),
  );
  expect(manifests.length).toBeGreaterThan(0);
  for (const { page, text } of manifests) parseDistillationJob(text, page);
});

test('every link leads somewhere, down to the heading', async () => {
  const broken: string[] = [];
  for (const page of all) {
    const text = withoutBlocks(await readFile(join(root, page), 'utf8'));
    for (const { groups } of text.matchAll(/\]\((?<path>[^)#\s]*)(?:#(?<anchor>[^)\s]*))?\)/g)) {
      const { path = '', anchor } = groups ?? {};
      if (/^https?:/.test(path)) continue;
      const target = path === '' ? page : join(dirname(page), path);
      const content = await readFile(join(root, target), 'utf8').catch(async () => {
        await access(join(root, target)).catch(() => broken.push(`${page}: ${path}`));
        return '';
      });
      if (anchor !== undefined && !anchorsOf(content).has(anchor)) broken.push(`${page}: ${path}#${anchor}`);
    }
  }
  expect(broken).toEqual([]);
});

test('every page of the documentation is in its table of contents or below one that is', async () => {
  const contents = await readFile(join(root, 'docs/README.md'), 'utf8');
  const missing = all
    .filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md')
    .filter((page) => !contents.includes(`(${page.slice('docs/'.length)})`));
  expect(missing).toEqual([]);
});

function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** Anchors as GitHub makes them out of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#+ (?<title>.+)$/gm)].map(
    ({ groups }) => groups?.['title'] ?? '',
  );
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
