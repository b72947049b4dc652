import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import type { GoModule } from './go-module.ts';

/** On PATH, or where Go's own instructions put it. */
const usualPlaces = ['go', '/usr/local/go/bin/go'];

/**
 * A Go that can build a module.
 *
 * @throws BlockstillError `setup/missing-tools` that says which Go is needed and which one is there
 */
export async function findGo(module: GoModule, places = usualPlaces): Promise<string> {
  const needed = await neededVersion(module);
  let found = 'This machine has no Go';
  for (const program of places) {
    // A Go of 1.21 or newer fetches the version that the module needs, unless that is forbidden.
    const result = await runCommand(program, ['-C', module.folder, 'version']);
    if (result.missing) continue;
    const version = /go(\d+)\.(\d+)/.exec(result.stdout);
    if (result.code === 0 && version !== null && isAtLeast(version, needed)) return program;
    const own = await runCommand(program, ['version']);
    found = `The Go of this machine is too old (${lastLines(own.stdout, 1)})`;
  }
  throw new BlockstillError(
    'setup/missing-tools',
    `${found}, so ${module.name} can't be built for the tests.`,
    {
      hint: `Install Go ${needed} or newer, or ${module.otherwise}; then run the same command again.`,
    },
  );
}

async function neededVersion({ folder }: GoModule): Promise<string> {
  const text = await readFile(join(folder, 'go.mod'), 'utf8');
  return /^go (\d+\.\d+)/m.exec(text)?.[1] ?? '1.25';
}

function isAtLeast([, major, minor]: RegExpExecArray, needed: string): boolean {
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return Number(major) > neededMajor || (Number(major) === neededMajor && Number(minor) >= neededMinor);
}
