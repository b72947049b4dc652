/** Bundles the programs of the images: each becomes a few files that need no node_modules beside them. */
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, type Metafile } from 'esbuild';

interface Bundle {
  readonly name: string;
  /** By the name of the file that becomes of it: the program, and what it starts as threads of its own. */
  readonly entries: Readonly<Record<string, string>>;
  /** What must not be in it, by path: it would have got there by mistake. */
  readonly without: RegExp;
}

const bundles: readonly Bundle[] = [
  {
    name: 'operator',
    entries: { operator: 'operator/main.ts', 'watchdog-thread': 'operator/program/watchdog-thread.ts' },
    without: /^worker\/(?!contract\/)|node_modules\/(@tensorflow|sharp|@img)\//,
  },
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// Packages in the older format call `require`, which a module doesn't have.
const banner =
  "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

async function makeBundle({ name, entries, without }: Bundle, folder: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { ...entries },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: banner },
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
  for (const line of sizes(metafile, folder)) console.log(line);
}

function sizes({ outputs }: Metafile, folder: string): readonly string[] {
  return Object.entries(outputs)
    .filter(([path]) => path.endsWith('.mjs'))
    .map(([path, { bytes }]) => `${relative(folder, join(root, path))}: ${(bytes / 1e6).toFixed(2)} MB`);
}

const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } });
await mkdir(values.out, { recursive: true });
for (const bundle of bundles) await makeBundle(bundle, values.out);
