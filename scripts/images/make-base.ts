import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { makeFolder, type BuildOptions } from '../cluster/go-build.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import { baseArchive, baseOptions, builderPackages, npmVersion } from './image-builder.ts';

/** With the keys of Debian's packages, which Ubuntu lacks. */
const packages = [...builderPackages, 'debian-archive-keyring'];

/**
 * Makes what stands in for `docker.io/library/node:24-bookworm-slim` where no registry can be reached: Debian 12, the
 * lock file's Node, and npm.
 */
export async function makeBase({ output, signal }: BuildOptions): Promise<void> {
  output.write(
    'Waiting for a base image to be made of Debian packages (about 60 MB, a minute, once a machine) ...\n',
  );
  const archive = baseArchive();
  await makeFolder(dirname(archive), 'base.tar', async (partial) => {
    const local = join(partial, 'local');
    await mkdir(join(local, 'bin'), { recursive: true });
    await succeed(
      [
        'npm',
        'install',
        '--loglevel=error',
        '--global',
        '--ignore-scripts',
        `--prefix=${local}`,
        `npm@${npmVersion}`,
      ],
      signal,
    );
    await copyFile(process.execPath, join(local, 'bin', 'node'));
    const copy = `--customize-hook=copy-in ${join(local, 'bin')} ${join(local, 'lib')} /usr/local`;
    await succeed(['mmdebstrap', ...baseOptions, copy, 'bookworm', join(partial, 'base.tar')], signal);
  });
}

/**
 * Installs the builder's packages of this Debian or Ubuntu.
 *
 * @throws BlockstillError `setup/unsupported-machine`, `setup/missing-tools`, `setup/download-failed`
 */
export async function installBuilder({ output, signal }: BuildOptions): Promise<void> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const hint = `Install ${packages.join(', ')}, and run the same command again.`;
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(system)) {
    throw new BlockstillError(
      'setup/unsupported-machine',
      'This is no Debian or Ubuntu, whose buildah is used.',
      { hint },
    );
  }
  if (process.getuid?.() !== 0) {
    throw new BlockstillError('setup/missing-tools', 'Only root may install buildah here.', { hint });
  }
  output.write(`Installing ${packages.join(', ')} (about 40 MB) ...\n`);
  await succeed(['apt-get', '-q', 'update'], signal);
  await succeed(['apt-get', '-q', 'install', '--yes', '--no-install-recommends', ...packages], signal);
}

async function succeed(
  [program, ...rest]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<void> {
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  const result = await runCommand(program, rest, { signal, environment });
  if (result.code === 0) return;
  throw new BlockstillError('setup/download-failed', `${program} ${rest[0] ?? ''} did not work.`, {
    hint: `Is there a network, and root? It said:\n${lastLines(result.stderr || result.stdout)}`,
  });
}
