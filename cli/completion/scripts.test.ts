import { execFile } from 'node:child_process';
import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { completionScript, type Shell } from './scripts.ts';

const run = promisify(execFile);

/** Stands in for the program: notes down what it was asked, and gives the answers of a file. */
const program = `#!/bin/sh
printf '%s\\n' "$#" "$@" > "$(dirname "$0")/asked"
cat "$(dirname "$0")/answer"
`;

/**
 * What a shell makes of an answer: it loads the script, then runs `test`, in which `$ASKED` is what the program was asked.
 */
async function inShell(
  shell: Shell,
  options: { answer: string; before?: string; test: string },
): Promise<string[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-completion-'));
  const at = (name: string): string => join(folder.path, name);
  await writeFile(at('blockstill'), program);
  await chmod(at('blockstill'), 0o755);
  await writeFile(at('answer'), options.answer);
  await writeFile(at('script'), completionScript(shell));
  await writeFile(at('test'), `${options.before ?? ''}\nsource ./script\n${options.test}\n`);
  const environment = {
    PATH: `${folder.path}:${process.env['PATH']}`,
    HOME: folder.path,
    ASKED: at('asked'),
  };
  const clean = { bash: ['--norc', '--noprofile'], zsh: ['-f'], fish: ['--no-config'] }[shell];
  const { stdout } = await run(shell, [...clean, at('test')], { env: environment, cwd: folder.path });
  return stdout.trimEnd().split('\n');
}

async function isInstalled(shell: Shell): Promise<boolean> {
  return await run(shell, ['-c', 'true']).then(
    () => true,
    () => false,
  );
}

const answer = 'mnist\tDistilling\nmobile\n:4\n';

describe('in bash', () => {
  const words = (...given: readonly string[]): string =>
    `COMP_WORDS=(${given.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${given.length - 1}; _blockstill; printf '%s\\n' "\${COMPREPLY[@]}"; cat "$ASKED"`;

  it.each([
    {
      of: 'the words up to the cursor, the last perhaps empty',
      given: ['blockstill', 'status', ''],
      answer,
      expected: ['mnist', 'mobile', '3', '__complete', 'status', ''],
    },
    {
      of: 'a name with a blank in it, which stays one word',
      given: ['blockstill', 'logs', 'a b', 'x'],
      answer: 'x y\n:4\n',
      expected: ['x\\ y', '4', '__complete', 'logs', 'a b', 'x'],
    },
    {
      of: 'an option with its value, which bash takes apart',
      given: ['blockstill', 'status', '--output', '=', 'j'],
      answer: '--output=json\n:4\n',
      expected: ['json', '3', '__complete', 'status', '--output=j'],
    },
    {
      of: 'an option whose value begins',
      given: ['blockstill', 'status', '--output', '='],
      answer: '--output=json\n:4\n',
      expected: ['json', '3', '__complete', 'status', '--output='],
    },
  ])('the program is asked for $of', async ({ given, answer: said, expected }) => {
    const lines = await inShell('bash', { answer: said, test: words(...given) });
    // An empty last word is an empty last line.
    expect(expected.at(-1) === '' ? [...lines, ''] : lines).toEqual(expected);
  });

  it('files come in where the answer allows them, and only there', async () => {
    // compopt works in a completion alone, so it is played.
    const test = `compopt() { printf 'compopt %s\\n' "$*"; }
      COMP_WORDS=(blockstill run ''); COMP_CWORD=2; _blockstill; complete -p blockstill`;
    const registered = 'complete -o default -F _blockstill blockstill';
    expect(await inShell('bash', { answer: ':0\n', test })).toEqual([registered]);
    expect(await inShell('bash', { answer: ':4\n', test })).toEqual(['compopt +o default', registered]);
    expect(await inShell('bash', { answer: ':1\n', test })).toEqual(['compopt +o default', registered]);
    expect(await inShell('bash', { answer: '', test })).toEqual(['compopt +o default', registered]);
  });
});

describe.skipIf(!(await isInstalled('zsh')))('in zsh', () => {
  const played = `compdef() { :; }; _files() { print files; }
    _describe() { local -a shown; shown=("\${(@P)2}"); print -rl "\${(@)shown}"; }`;
  const test = `words=(blockstill status ''); CURRENT=3; _blockstill; cat $ASKED`;

  it.each([
    { of: 'candidates with what they are', said: answer, shown: ['mnist:Distilling', 'mobile'] },
    {
      of: 'names with a colon, which means something to zsh',
      said: 'a:b\tc:d\ne:f\n:4\n',
      shown: ['a\\:b:c:d', 'e\\:f'],
    },
    { of: 'files, where there is no candidate', said: ':0\n', shown: ['files'] },
    { of: 'nothing', said: ':4\n', shown: [] },
  ])('offers $of', async ({ said, shown }) => {
    const lines = await inShell('zsh', { answer: said, before: played, test });
    expect([...lines, '']).toEqual([...shown, '3', '__complete', 'status', '']);
  });
});

describe.skipIf(!(await isInstalled('fish')))('in fish', () => {
  it('offers candidates with what they are', async () => {
    const test = `complete -C 'blockstill status m'; cat $ASKED`;
    expect(await inShell('fish', { answer, test })).toEqual([
      'mnist\tDistilling',
      'mobile',
      '3',
      '__complete',
      'status',
      'm',
    ]);
  });

  it('offers files where the answer allows them, and only there', async () => {
    const test = `complete -C 'blockstill run scr'`;
    expect(await inShell('fish', { answer: ':0\n', test })).toEqual(['script']);
    expect(await inShell('fish', { answer: ':4\n', test })).toEqual(['']);
  });
});
