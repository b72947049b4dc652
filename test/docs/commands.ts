import type { Block } from './markdown.ts';

/** What a block of commands may need that tests have not; it says so in its first line. */
const needs: readonly string[] = [
  'a GPU',
  'Argo CD',
  'Docker',
  'Flux',
  'kind and Docker',
  'Kueue',
  'published images',
  'the Prometheus Operator',
  'the published package',
];

/** Commands that set up the machine, start all tests, or never end; and what runs the same. */
const elsewhere: readonly (readonly [command: RegExp, where: string])[] = [
  [/^make demo$/, 'test/local/mnist-example.test.ts'],
  [/^make operator\b/, 'test/operator/operator-process.test.ts'],
  [/^make (setup|test)$/, '.ci/run'],
];

/** What a block needs that tests have not, as it says; undefined where it needs nothing. */
export function needOf({ text }: Pick<Block, 'text'>): string | undefined {
  return /^# needs (?<what>.+)$/.exec(text.split('\n')[0] ?? '')?.groups?.['what'];
}

/** A new need is a decision. */
export function isKnownNeed(need: string): boolean {
  return needs.includes(need);
}

/** The files that run the commands of a block in another way; undefined where a command of it has none. */
export function runElsewhere({ text }: Pick<Block, 'text'>): readonly string[] | undefined {
  const commands = text
    .split('\n')
    .map((line) => line.replace(/\s+#.*/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const places = commands.map((command) => elsewhere.find(([pattern]) => pattern.test(command))?.[1]);
  return places.every((place) => place !== undefined) ? places : undefined;
}
