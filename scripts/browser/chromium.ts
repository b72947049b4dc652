import { readFile } from 'node:fs/promises';
import { BlockstillError } from '../../common/error.ts';
import type { BuildOptions } from '../cluster/go-build.ts';
import { isThere } from '../cluster/kubernetes.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';

/** The browser that tests look at reports with: `BLOCKSTILL_CHROMIUM`, or Debian's. */
export function chromiumProgram(): string {
  return process.env['BLOCKSTILL_CHROMIUM'] ?? '/usr/bin/chromium';
}

/** Why there is no browser for tests on this machine; undefined when there is one. */
export async function whyNoBrowser(): Promise<string | undefined> {
  const program = chromiumProgram();
  if (await isThere(program)) return undefined;
  return `there is no ${program}; node scripts/setup-browser.ts installs it on a Debian where you are root, elsewhere BLOCKSTILL_CHROMIUM names one`;
}

/** With the letters to draw, which a machine without a screen may lack. */
const packages = ['chromium', 'fonts-dejavu-core'];

/**
 * Installs Debian's Chromium. Ubuntu's package of that name is an empty one that wants a snap.
 *
 * @throws BlockstillError `setup/unsupported-machine`, `setup/missing-tools`, `setup/download-failed`
 */
export async function installChromium({ output, signal }: BuildOptions): Promise<void> {
  const hint = 'Install Chromium, and set BLOCKSTILL_CHROMIUM to the path of its program.';
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID=debian$/m.test(system)) {
    throw new BlockstillError('setup/unsupported-machine', 'This is no Debian, whose Chromium is used.', {
      hint,
    });
  }
  if (process.getuid?.() !== 0) {
    throw new BlockstillError('setup/missing-tools', 'Only root may install Chromium here.', {
      hint: `Run as root: apt-get install ${packages.join(' ')}`,
    });
  }
  output.write('Waiting for the installation of Chromium (about 100 MB, a minute) ...\n');
  for (const step of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
    const result = await runCommand('apt-get', ['-q', ...step], {
      signal,
      environment: { DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (result.code === 0) continue;
    throw new BlockstillError('setup/download-failed', `apt-get ${step[0] ?? ''} did not work.`, {
      hint: `${hint} It said:\n${lastLines(result.stderr)}`,
    });
  }
}
