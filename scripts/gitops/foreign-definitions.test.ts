import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeProgram } from '../tensorflow/fake-wheel.ts';
import { fetchDefinitions, foreignDefinitions } from './foreign-definitions.ts';

const options = {
  output: { write: () => undefined, isTerminal: false },
  signal: new AbortController().signal,
};

/** A program that answers `go mod download -json <module>@<version>` with these lines of shell. */
async function goThat(folder: string, script: string): Promise<string> {
  await fakeProgram(folder, 'go', script);
  return join(folder, 'bin', 'go');
}

describe('definitions of others', () => {
  it('are copied out of their modules', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-definitions-'));
    const answers = foreignDefinitions.map(({ module, version, sum }) => {
      const answer = JSON.stringify({ Dir: join(folder.path, 'modules', module), Sum: sum });
      return `[ "$4" = ${module}@${version} ] && echo '${answer}'`;
    });
    for (const { module, file } of foreignDefinitions) {
      const path = join(folder.path, 'modules', module, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, module);
    }
    const go = await goThat(folder.path, `${answers.join('\n')}\ntrue`);
    await fetchDefinitions(go, join(folder.path, 'definitions'), options);
    const names = await readdir(join(folder.path, 'definitions'));
    expect(names.toSorted()).toEqual(foreignDefinitions.map(({ file }) => basename(file)).toSorted());
  });

  it('are refused where a module is not the one that was chosen', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-definitions-'));
    const go = await goThat(folder.path, `echo '{"Dir": "/somewhere", "Sum": "h1:other="}'`);
    await expect(fetchDefinitions(go, join(folder.path, 'definitions'), options)).rejects.toMatchObject({
      code: 'setup/wrong-digest',
      hint: expect.stringContaining('h1:other= instead of h1:') as unknown,
    });
  });

  it.each([
    [`echo '{"Error": "no such host"}'; exit 1`, 'no such host'],
    ['echo "go: bad flag" >&2; exit 2', 'go: bad flag'],
  ])('are not there without a network, and what Go says is told: %s', async (script, said) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-definitions-'));
    const go = await goThat(folder.path, script);
    await expect(fetchDefinitions(go, join(folder.path, 'definitions'), options)).rejects.toMatchObject({
      code: 'setup/download-failed',
      hint: expect.stringContaining(said) as unknown,
    });
  });
});
