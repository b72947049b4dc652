import { Argument, Command, Option } from 'commander';
import { expect, it } from 'vitest';
import { complete, type Context, type Sources } from './complete.ts';

function program(): Command {
  const root = new Command('tool').version('1');
  root
    .command('show <job> <block>')
    .description('shows it')
    .option('-n, --namespace <namespace>', 'where')
    .option('-f, --follow', 'go on')
    .addOption(new Option('-o, --output <format>', 'form').choices(['text', 'json']));
  root.command('shell').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
  root.command('run <manifest>');
  root.command('secret', { hidden: true });
  return root;
}

/** What could come, as `value`; and whether a file could. */
async function candidates(line: string): Promise<{ values: string[]; files: boolean; asked: Context[] }> {
  const asked: Context[] = [];
  const source = (...values: string[]) => {
    return async (context: Context) => {
      asked.push(context);
      return await Promise.resolve({ candidates: values.map((value) => ({ value })), files: false });
    };
  };
  const sources: Sources = {
    job: source('mnist', 'mobile', 'vgg'),
    block: source('conv_1', 'conv_2'),
    namespace: source('lab', 'team'),
    manifest: async () => await Promise.resolve({ candidates: [], files: true }),
  };
  const completion = await complete(program(), line.split(' '), sources);
  return { values: completion.candidates.map(({ value }) => value), files: completion.files, asked };
}

it.each([
  ['', ['show', 'shell', 'run', 'help']],
  ['sh', ['show', 'shell']],
  ['secr', []],
  ['unknown ', []],
  ['-', ['--version', '--help']],
  ['show m', ['mnist', 'mobile']],
  ['show mnist ', ['conv_1', 'conv_2']],
  ['show -f mnist ', ['conv_1', 'conv_2']],
  ['show -n lab mnist ', ['conv_1', 'conv_2']],
  ['show --namespace=lab mnist ', ['conv_1', 'conv_2']],
  ['show mnist conv_1 ', []],
  ['show --n', ['--namespace']],
  ['show --namespace ', ['lab', 'team']],
  ['show -n t', ['team']],
  ['show --namespace=', ['--namespace=lab', '--namespace=team']],
  ['show --output=j', ['--output=json']],
  ['show -o ', ['text', 'json']],
  ['show -- m', ['mnist', 'mobile']],
  ['show -- --odd-job c', ['conv_1', 'conv_2']],
  ['shell ', ['bash', 'zsh']],
  ['run ', []],
])('tool %s', async (line, values) => {
  expect((await candidates(line)).values).toEqual(values);
});

it('files are for the shell to complete, where they would do', async () => {
  expect((await candidates('run jo')).files).toBe(true);
  expect((await candidates('show m')).files).toBe(false);
  expect((await candidates('run --')).files).toBe(false);
});

it('what was given before is known to whoever is asked', async () => {
  const { asked } = await candidates('show --namespace=lab -f mnist c');
  expect(asked).toEqual([
    {
      options: new Map([
        ['namespace', 'lab'],
        ['follow', ''],
      ]),
      positional: ['mnist'],
    },
  ]);
});

it('each candidate says what it is', async () => {
  const { candidates: commands } = await complete(program(), ['sho'], {});
  expect(commands).toEqual([{ value: 'show', description: 'shows it' }]);
});
