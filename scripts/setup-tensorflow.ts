/** Gives this checkout TensorFlow, proves it by a training step, and says which device it will use. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { digestOfJson } from '../common/digest.ts';
import { BlockstillError, describeError, InvalidInputError } from '../common/error.ts';
import { writeJsonAtomically } from '../common/files.ts';
import { cacheFolder } from './cache-folder.ts';
import { addonPath, buildAddon, isBuilt } from './tensorflow/addon.ts';
import { fetchLibrary, removeLeftovers } from './tensorflow/fetch-library.ts';
import { explainFileError } from './tensorflow/file-error.ts';
import { install, installedAddon, installedLibraries } from './tensorflow/install.ts';
import { cachedLibrary, givenLibrary, isIntact, libraryFacts } from './tensorflow/library.ts';
import type { TensorflowLibrary } from './tensorflow/library.ts';
import { requireTools } from './tensorflow/missing-tools.ts';
import type { Output } from './tensorflow/progress.ts';
import { proveTraining, type Proof } from './tensorflow/prove-training.ts';
import { parseFlavour, releases, type Flavour, type Release } from './tensorflow/release.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packageFolder = join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
const stampPath = join(root, 'node_modules', '.blockstill-setup', 'tensorflow.json');

const help = `Usage: scripts/setup [--tensorflow cpu|gpu] [--copy]

  --tensorflow cpu|gpu  the processor build of TensorFlow (default) or the CUDA build; also BLOCKSTILL_TENSORFLOW
  --copy                copy the library into node_modules instead of linking to the cache, for images

Environment:
  BLOCKSTILL_TENSORFLOW_DIR  use the TensorFlow C library in this folder, download nothing
  BLOCKSTILL_CACHE           where downloads are kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

interface Settings {
  readonly flavour: Flavour;
  readonly copy: boolean;
  readonly cache: string;
  readonly given: string | undefined;
}

interface Stamp extends Proof {
  readonly key: string;
}

function readSettings(): Settings | undefined {
  const { values } = parseArgs({
    options: { tensorflow: { type: 'string' }, copy: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) return undefined;
  const environment = process.env;
  const wanted = values.tensorflow ?? (environment['BLOCKSTILL_TENSORFLOW'] || 'cpu');
  const flavour = parseFlavour(wanted);
  if (flavour === undefined) {
    throw new InvalidInputError('setup/unknown-build', `There is no "${wanted}" build of TensorFlow.`, {
      hint: 'Choose cpu or gpu in --tensorflow or BLOCKSTILL_TENSORFLOW.',
    });
  }
  return {
    flavour,
    copy: values.copy ?? false,
    cache: cacheFolder(),
    given: environment['BLOCKSTILL_TENSORFLOW_DIR'] || undefined,
  };
}

async function setUp(settings: Settings, options: { output: Output; signal: AbortSignal }): Promise<void> {
  const { output, signal } = options;
  requireSupportedMachine(settings);
  const release = releases[settings.flavour];
  const library =
    settings.given === undefined
      ? cachedLibrary(settings.cache, release)
      : await givenLibrary(resolve(settings.given));
  const addon = await addonPath(library, packageFolder, settings.cache);
  // Room that cannot be freed is no reason to stop.
  await removeLeftovers(join(settings.cache, 'tensorflow')).catch(() => undefined);
  const stamp = await readStamp();
  if (stamp !== undefined && stamp.key === (await stateKey(library, addon, settings.copy))) {
    output.write(`${readySentence(library, stamp)}\n`);
    return;
  }
  await obtain(library, { settings, release, addon, ...options });
  await install(packageFolder, { library, addon, copy: settings.copy });
  output.write('Training one step to prove it ...\n');
  const proof = await proveTraining(signal);
  await writeJsonAtomically(stampPath, {
    key: await stateKey(library, addon, settings.copy),
    ...proof,
  } satisfies Stamp);
  output.write(`${readySentence(library, proof)}\n`);
  if (settings.flavour === 'gpu' && proof.device === 'CPU') {
    output.write(
      'No GPU that it can use is visible here. A job that asks for one will fail rather than use the CPU.\n',
    );
  }
}

/** Fetches and builds what the cache does not hold yet. */
async function obtain(
  library: TensorflowLibrary,
  options: { settings: Settings; release: Release; addon: string; output: Output; signal: AbortSignal },
): Promise<void> {
  const { settings, release, addon, output, signal } = options;
  const folder = dirname(library.libraryFolder);
  const download = settings.given === undefined && !(await isIntact(folder, release.wheel, signal));
  const compile = !(await isBuilt(addon));
  await requireTools({ download, compile });
  try {
    if (download) await fetchLibrary(release, folder, { output, signal });
    if (!compile) return;
    output.write('Building the Node binding (about 10 s) ...\n');
    await buildAddon(addon, { library, packageFolder, signal });
  } catch (error) {
    throw explainFileError(error, settings.cache);
  }
}

function requireSupportedMachine(settings: Settings): void {
  if (process.platform === 'linux' && (process.arch === 'x64' || settings.given !== undefined)) return;
  throw new BlockstillError(
    'setup/unsupported-machine',
    `There is no TensorFlow for ${process.platform} ${process.arch} to fetch.`,
    {
      hint:
        'Blockstill trains on Linux on x64. On Linux on another processor, name a folder with a TensorFlow C library in ' +
        'BLOCKSTILL_TENSORFLOW_DIR; on other systems use a Linux container or virtual machine.',
    },
  );
}

/**
 * Equal for as long as the library, how its addon is built, what is installed of both, and how, are what the proof was made
 * with.
 */
async function stateKey(library: TensorflowLibrary, built: string, copy: boolean): Promise<string> {
  const installed = { ...library, libraryFolder: installedLibraries(packageFolder) };
  const addon = await readFile(installedAddon(packageFolder)).catch(() => Buffer.of());
  return digestOfJson({
    library,
    built: basename(built),
    copy,
    source: copy ? undefined : await libraryFacts(library),
    installed: await libraryFacts(installed),
    addon: addon.toString('base64'),
  });
}

async function readStamp(): Promise<Stamp | undefined> {
  try {
    return JSON.parse(await readFile(stampPath, 'utf8')) as Stamp;
  } catch {
    return undefined;
  }
}

function readySentence(library: TensorflowLibrary, proof: Proof): string {
  return `Ready: TensorFlow ${proof.version} (${library.origin}). It will train on the ${proof.device}.`;
}

async function main(): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  const output: Output = {
    write: (text) => void process.stdout.write(text),
    isTerminal: process.stdout.isTTY,
  };
  try {
    const settings = readSettings();
    if (settings === undefined) output.write(help);
    else await setUp(settings, { output, signal: interruption.signal });
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error('Set-up interrupted. Run the same command again to go on.');
      return 130;
    }
    console.error(`Set-up stopped: ${describeError(error)}`);
    return 1;
  }
}

process.exitCode = await main();
