import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from './command.ts';
import { noSpaceError } from './file-error.ts';
import { pythonVersion, type Release } from './release.ts';

// Names of older pips and newer ones for the same thing; a wheel matches if one of them fits.
const platforms = ['manylinux2014_x86_64', 'manylinux_2_17_x86_64'];

/**
 * Downloads a release's wheel into `folder` and checks its digest, both through pip, so that the mirrors, proxies and
 * certificates that the user has set up for pip are used.
 */
export async function downloadWheel(release: Release, folder: string, signal: AbortSignal): Promise<string> {
  const requirements = join(folder, 'requirements.txt');
  const pin = `${release.distribution}==${release.version} --hash=${release.wheel}`;
  await writeFile(requirements, `${pin}\n`);
  const result = await runCommand('python3', pipDownload(requirements, folder), {
    signal,
    // pip keeps unfinished downloads in the temporary folder: it may be small, and the progress is read from there.
    environment: { TMPDIR: folder, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  const wheel = result.code === 0 ? (await readdir(folder)).find((name) => name.endsWith('.whl')) : undefined;
  if (wheel === undefined) throw explainPipFailure(`${result.stdout}\n${result.stderr}`, release, folder);
  return join(folder, wheel);
}

function pipDownload(requirements: string, folder: string): string[] {
  const target = `--python-version ${pythonVersion} --implementation cp --abi cp${pythonVersion.replace('.', '')}`;
  const manner =
    '--no-deps --require-hashes --only-binary=:all: --no-cache-dir --progress-bar off --retries 3';
  return [
    '-m',
    'pip',
    'download',
    ...`${manner} ${target}`.split(' '),
    ...platforms.map((platform) => `--platform=${platform}`),
    `--dest=${folder}`,
    `--requirement=${requirements}`,
  ];
}

const networkTrouble =
  /NewConnectionError|ConnectTimeout|ReadTimeout|Connection (?:refused|reset|broken)|name resolution|Network is unreachable|ProxyError|SSLError|Max retries exceeded/i;

/** Says in words why pip could not deliver a wheel, as far as its output tells. */
export function explainPipFailure(pipOutput: string, release: Release, folder: string): BlockstillError {
  const wanted = `${release.distribution} ${release.version}`;
  const said = `pip said:\n${lastLines(pipOutput)}`;
  if (/DO NOT MATCH THE HASHES/.test(pipOutput)) {
    return new BlockstillError(
      'setup/wrong-digest',
      `The downloaded ${wanted} is not the file that this version of Blockstill was made for.`,
      {
        hint: `Nothing of it was used. The package index, mirror or proxy in between changed it. ${said}`,
      },
    );
  }
  if (/No space left on device|Disk quota exceeded/i.test(pipOutput))
    return noSpaceError(dirname(dirname(folder)));
  if (networkTrouble.test(pipOutput)) {
    return new BlockstillError(
      'setup/no-network',
      `The package index could not be reached to download ${wanted}.`,
      {
        hint:
          'Connect this machine or set its proxy (HTTPS_PROXY) or mirror (pip config), and run the same command again. ' +
          'Without a network: download the wheel elsewhere into a folder and set PIP_NO_INDEX=1 and PIP_FIND_LINKS to it, ' +
          `or name an installed TensorFlow in BLOCKSTILL_TENSORFLOW_DIR. ${said}`,
      },
    );
  }
  return new BlockstillError('setup/download-failed', `pip could not download ${wanted}.`, { hint: said });
}
