/** Makes each program one file without dependencies but what is native, for the images: `dist/worker.mjs` and others. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

interface Entry {
  /** Of the file, without its ending. */
  readonly name: string;
  /** The module, from the root of the checkout on. */
  readonly source: string;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const entries: readonly Entry[] = [
  { name: 'worker', source: 'worker/main.ts' },
  // A thread starts from a file of its own, beside the program that starts it.
  { name: 'progress-thread', source: 'worker/host/progress-thread.ts' },
];

/**
 * Packages that an image has to bring along as they are, since they look for native files beside their own: sharp, and
 * TensorFlow's addon, which is loaded by its path and so needs no mention.
 */
export const nativePackages: readonly string[] = ['sharp'];

/** Node has no `require` in a module; packages that were written before there were modules call it. */
const requireForOldPackages = [
  "import { createRequire as createRequireForBundle } from 'node:module';",
  'const require = createRequireForBundle(import.meta.url);',
].join('\n');

/** Bundles all programs into a folder. The same sources give the same bytes, wherever they and the folder are. */
export async function bundle(folder: string): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: entries.map(({ name, source }) => ({ in: join(root, source), out: name })),
    // Source maps have paths from here on.
    outdir: join(root, 'dist'),
    write: false,
    outExtension: { '.js': '.mjs' },
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    banner: { js: requireForOldPackages },
    external: [...nativePackages],
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    logLevel: 'warning',
  });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) await writeFile(join(folder, basename(path)), contents);
}

if (import.meta.main) await bundle(join(root, 'dist'));
