import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resNet50Job } from '../../test/report/resnet50-job.ts';
import { reportSchema } from '../report/report-schema.ts';
import { putOutReport } from './report.ts';

const alone = { ...resNet50Job(), details: undefined, whyNoDetails: 'The exchange is in the cluster.' };

function aTerminal() {
  const written: string[] = [];
  return {
    written,
    interactive: false,
    color: false,
    columns: 80,
    rows: 24,
    write: (text: string) => void written.push(text),
  };
}

test('a status alone is enough for a page and its data', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-report-'));
  const out = aTerminal();
  expect(await putOutReport(alone, join(folder.path, 'a.html'), out)).toBe(0);
  expect((await readdir(folder.path)).toSorted()).toEqual(['a.html', 'a.json']);
  expect(await readFile(join(folder.path, 'a.html'), 'utf8')).toContain('The exchange is in the cluster.');
  const data = reportSchema.parse(JSON.parse(await readFile(join(folder.path, 'a.json'), 'utf8')));
  expect(data.sources).toEqual({ files: false, reason: 'The exchange is in the cluster.' });
});

test('a name that ends in .json is that of the data alone', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-report-'));
  const out = aTerminal();
  await putOutReport(alone, join(folder.path, 'a.json'), out);
  expect(await readdir(folder.path)).toEqual(['a.json']);
  expect(out.written).toEqual([`data: ${join(folder.path, 'a.json')}\n`]);
});

test('where nothing can be written, it says so', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-report-'));
  await writeFile(join(folder.path, 'file'), '');
  await expect(putOutReport(alone, join(folder.path, 'file', 'a.html'), aTerminal())).rejects.toMatchObject({
    name: 'InvalidInputError',
    code: 'storage/not-writable',
  });
});
