/**
 * Bundles the programs of the images and of the npm package: each becomes a few files that need no packages beside them but
 * what is native.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, type Plugin } from 'esbuild';

/** Which programs there are: those of the two images, and the command line. */
export type ProgramName = 'operator' | 'worker' | 'command line';

export interface Programs {
  /** Where the bundles lie. */
  readonly folder: string;
  /** The paths of all files that went into each, relative to the root. */
  readonly inputs: Readonly<Record<ProgramName, readonly string[]>>;
}

interface Bundle {
  readonly name: ProgramName;
  /** By the name of the file that becomes of it: the program, and what it starts as threads of its own. */
  readonly entries: Readonly<Record<string, string>>;
  /** Packages that the image, or whoever installs the package, brings along as they are. */
  readonly external: readonly string[];
  /** What must not be in it, by path: it would have got there by mistake. */
  readonly without: RegExp;
}

/**
 * Packages that have to be brought along as they are, since they look for native files beside their own: sharp, koffi, and
 * TensorFlow's addon, which is loaded by its path and so needs no mention.
 */
export const nativePackages: readonly string[] = ['sharp', 'koffi'];

const programs: readonly Bundle[] = [
  {
    name: 'operator',
    entries: { operator: 'operator/main.ts', 'watchdog-thread': 'operator/program/watchdog-thread.ts' },
    external: [],
    without: /^worker\/(?!contract\/)|node_modules\/(@tensorflow|sharp|@img|@observablehq|linkedom)\//,
  },
  {
    name: 'worker',
    entries: {
      worker: 'worker/main.ts',
      'progress-thread': 'worker/host/progress-thread.ts',
      'meter-thread': 'worker/energy/meter-thread.ts',
    },
    external: nativePackages,
    without: /^operator\/|node_modules\/(@tensorflow|@kubernetes|@observablehq|linkedom)\//,
  },
  {
    name: 'command line',
    entries: { blockstill: 'cli/main.ts' },
    // Loaded only where a job is run, to measure its energy.
    external: ['koffi'],
    without: /node_modules\/(@tensorflow|sharp|@img|koffi)\//,
  },
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// Packages in the older format call `require`, which a module doesn't have.
const banner = [
  "import { createRequire as createRequireForBundle } from 'node:module';",
  'const require = createRequireForBundle(import.meta.url);',
].join('\n');

/**
 * Most of the Kubernetes client is generated types with a table each. It doesn't say so, but what isn't called has no
 * effect: without it the operator needs 15 MB less.
 */
const withoutUnusedModels: Plugin = {
  name: 'without-unused-models',
  setup: ({ onResolve, resolve }) => {
    const client = '@kubernetes/client-node';
    onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === client) return undefined;
      const { importer, kind, resolveDir } = from;
      return {
        ...(await resolve(path, { importer, kind, resolveDir, pluginData: client })),
        sideEffects: false,
      };
    });
    // Without asking esbuild, which takes its time a thousand times.
    onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, importer }) =>
      importer.includes(`node_modules/${client}/`)
        ? { path: join(dirname(importer), path), sideEffects: false }
        : undefined,
    );
  },
};

/** Answers the paths of all files that went into it. */
async function makeBundle(
  { name, entries, external, without }: Bundle,
  folder: string,
): Promise<readonly string[]> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { ...entries },
    outdir: join(root, 'dist'),
    // So that the bytes don't depend on where they go.
    write: false,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: banner },
    external: [...external],
    plugins: [withoutUnusedModels],
    // Stacks and logs show names, so that nobody needs source maps, which would cost 60 MB of memory.
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  });
  const unwanted = Object.keys(metafile.inputs).filter((path) => without.test(path));
  if (unwanted.length > 0) throw new Error(`${name} must not contain ${unwanted.slice(0, 5).join(', ')}`);
  for (const { path, contents } of outputFiles) await writeFile(join(folder, basename(path)), contents);
  return Object.keys(metafile.inputs);
}

/** Bundles all programs into a folder. The same sources give the same bytes, wherever they and the folder are. */
export async function bundle(folder: string): Promise<Programs> {
  await mkdir(folder, { recursive: true });
  const inputs: Record<ProgramName, readonly string[]> = { operator: [], worker: [], 'command line': [] };
  for (const program of programs) inputs[program.name] = await makeBundle(program, folder);
  return { folder, inputs };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } });
  await bundle(values.out);
  console.log(`The programs are in ${values.out}.`);
}
