import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pages, root } from './markdown.ts';

/** What stands between single backticks, as part of a sentence or a table. */
async function inlineCode(): Promise<readonly { page: string; code: string }[]> {
  const found = [];
  for (const page of await pages()) {
    const text = (await readFile(join(root, page), 'utf8')).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '');
    for (const [, code = ''] of text.matchAll(/`([^`\n]+)`/g)) found.push({ page, code });
  }
  return found;
}

const all = await inlineCode();

test('commands of blockstill that sentences name are there, with their options', async () => {
  const said = all.flatMap(({ page, code }) => {
    const groups = /^(?:bin\/|kubectl )?blockstill (?<name>[a-z]+)(?<rest>.*)$/.exec(code)?.groups;
    const options = (groups?.['rest'] ?? '').match(/--[a-z-]+/g) ?? [];
    return groups === undefined ? [] : [{ page, name: groups['name'] ?? '', options }];
  });
  const helps = new Map<string, string>();
  for (const name of new Set(said.map(({ name }) => name))) {
    const { stdout } = await promisify(execFile)(join(root, 'bin/blockstill'), [name, '--help']);
    helps.set(name, stdout);
  }
  expect(helps.size).toBeGreaterThan(4);
  const wrong = said.filter(({ name, options }) => {
    const help = helps.get(name) ?? '';
    return !help.includes(`blockstill ${name}`) || options.some((option) => !help.includes(option));
  });
  expect(wrong).toEqual([]);
});

test('commands of make that sentences name are there', async () => {
  const makefile = await readFile(join(root, 'Makefile'), 'utf8');
  const named = all.flatMap(({ page, code }) => {
    const name = /^make (?<name>[a-z-]+)\b/.exec(code)?.groups?.['name'];
    return name === undefined ? [] : [{ page, name }];
  });
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter(({ name }) => !new RegExp(`^${name}:`, 'm').test(makefile))).toEqual([]);
});
