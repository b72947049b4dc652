import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { digestOfBytes, digestOfJson } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from './command.ts';
import { frameworkLibrary, type TensorflowLibrary } from './library.ts';

const compilerOptions = [
  ...'-shared -fPIC -O2 -std=c++17 -w -DNAPI_VERSION=8 -DBUILDING_NODE_EXTENSION'.split(' '),
  // The addon finds TensorFlow from where it lies: lib/napi-v8/tfjs_binding.node -> deps/lib.
  '-Wl,-rpath,$ORIGIN/../../deps/lib',
  // Messages of the addon name its source files; not where they lay when it was built.
  '-ffile-prefix-map={package}=.',
];
const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'];

/**
 * The path in the cache of the native part of `@tensorflow/tfjs-node-gpu` for this library; it may not be there yet.
 * One file serves every Node version, because it uses Node-API only.
 */
export async function addonPath(
  library: TensorflowLibrary,
  packageFolder: string,
  cache: string,
): Promise<string> {
  const binding = join(packageFolder, 'binding');
  const names = (await readdir(binding)).sort();
  const contents = await Promise.all(
    names.map(async (name) => digestOfBytes(await readFile(join(binding, name)))),
  );
  const key = digestOfJson({
    library: library.identity,
    compilerOptions,
    names,
    contents,
    system: process.arch,
  });
  return join(cache, 'tensorflow', 'addons', `${key.slice('sha256:'.length, 'sha256:'.length + 16)}.node`);
}

export async function isBuilt(addon: string): Promise<boolean> {
  const facts = await stat(addon).catch(() => undefined);
  return facts !== undefined && facts.size > 0;
}

/** Compiles the native part against a library: one compiler call, no node-gyp, no make. */
export async function buildAddon(
  addon: string,
  options: { library: TensorflowLibrary; packageFolder: string; signal: AbortSignal },
): Promise<void> {
  const { library, packageFolder, signal } = options;
  await mkdir(dirname(addon), { recursive: true });
  const partial = `${addon}.${process.pid}.tmp`;
  const includes = [nodeApiHeaders(), library.includeFolder].map((folder) => `-I${folder}`);
  const libraries = [library.main, frameworkLibrary].map((name) => join(library.libraryFolder, name));
  const files = sources.map((name) => join(packageFolder, 'binding', name));
  try {
    const own = compilerOptions.map((option) => option.replace('{package}', packageFolder));
    const compile = [...own, ...includes, ...files, ...libraries, '-o', partial];
    const result = await runCommand('g++', compile, { signal });
    if (result.code !== 0) throw compilerError(result.stderr);
    await rename(partial, addon);
  } finally {
    await rm(partial, { force: true });
  }
}

function compilerError(said: string): BlockstillError {
  return new BlockstillError('setup/compiler-failed', "g++ could not build TensorFlow's Node binding.", {
    hint: `g++ 9 or newer with its C++ standard library is needed. It said:\n${lastLines(said)}`,
  });
}

function nodeApiHeaders(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('node-api-headers/package.json')), 'include');
}
