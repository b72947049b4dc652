import { spawn } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import type { Output } from '../tensorflow/progress.ts';
import type { GoModule } from './go-module.ts';
import { isThere } from './kubernetes.ts';

export interface BuildOptions {
  readonly output: Output;
  readonly signal: AbortSignal;
}

export interface GoProgram {
  /** `.` or a package below, such as `./pause`. */
  readonly package: string;
  /** The file to write. */
  readonly to: string;
  readonly linkerOptions: string;
  /** Build tags. */
  readonly tags?: readonly string[];
}

const goEnvironment = { CGO_ENABLED: '0', GOWORK: 'off' };

/**
 * Makes a folder whole or not at all: what `work` puts into a folder beside it is moved there in one step. `proof` is the
 * name of a file in it.
 */
export async function makeFolder(
  folder: string,
  proof: string,
  work: (partial: string) => Promise<void>,
): Promise<void> {
  const partial = join(dirname(folder), `.partial-${hostname()}-${process.pid}`);
  try {
    await rm(partial, { recursive: true, force: true }); // Of a killed process that had the same number.
    await mkdir(partial, { recursive: true });
    await work(partial);
    await rename(partial, folder).catch(async (error: unknown) => {
      // Another set-up was faster, with the same sources.
      if (!(await isThere(join(folder, proof)))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

export async function downloadModules(
  go: string,
  { folder, name }: GoModule,
  { signal }: BuildOptions,
): Promise<void> {
  const result = await runCommand(go, ['-C', folder, 'mod', 'download'], {
    environment: goEnvironment,
    signal,
  });
  if (result.code === 0) return;
  throw new BlockstillError('setup/download-failed', `Go could not download the modules of ${name}.`, {
    hint: `It needs the network or a module proxy (GOPROXY), once. It said:\n${lastLines(result.stderr)}`,
  });
}

/** Compiles a program, and shows how far that is. What Go has compiled by then is kept by Go when it is interrupted. */
export async function compile(
  go: string,
  { module, program, room }: { module: GoModule; program: GoProgram; room: string },
  { output, signal }: BuildOptions,
): Promise<void> {
  const packages = await countPackages(go, module, program);
  const compiled = packageReporter(packages, output);
  // -v: a line for each package that is compiled, none for those that Go has kept.
  const build = ['-C', module.folder, 'build', '-v', '-trimpath', '-buildvcs=false', tagsOf(program)];
  const link = ['-ldflags', program.linkerOptions, '-o', program.to];
  const result = await runReporting(go, [...build, ...link, program.package], { signal, onLine: compiled });
  if (output.isTerminal) output.write('\r\u001B[K');
  if (result.code === 0) return;
  throw new BlockstillError('setup/compiler-failed', `Go could not build ${module.name}.`, {
    hint: `It needs about ${room}. It said:\n${lastLines(result.said)}`,
  });
}

function tagsOf({ tags = [] }: GoProgram): string {
  return `-tags=${tags.join(',')}`;
}

async function countPackages(go: string, { folder }: GoModule, program: GoProgram): Promise<number> {
  const list = ['-C', folder, 'list', tagsOf(program), '-deps', program.package];
  const result = await runCommand(go, list, { environment: goEnvironment });
  return result.stdout.trim().split('\n').length;
}

/** A function that is called for each compiled package and shows how far the build is. */
function packageReporter(total: number, output: Output): () => void {
  let done = 0;
  return () => {
    done += 1;
    if (output.isTerminal) output.write(`\r  ${done} of ${total} packages`);
    else if (done % 500 === 0) output.write(`  ${done} of ${total} packages\n`);
  };
}

async function runReporting(
  program: string,
  programArguments: readonly string[],
  options: { signal: AbortSignal; onLine: () => void },
): Promise<{ code: number | null; said: string }> {
  const child = spawn(program, programArguments, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...goEnvironment },
    signal: options.signal,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    for (let line = text.indexOf('\n'); line >= 0; line = text.indexOf('\n', line + 1)) options.onLine();
  });
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said }));
  });
}
