import { spawn } from 'node:child_process';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from '../tensorflow/command.ts';
import type { Output } from '../tensorflow/progress.ts';
import { findGo } from './go.ts';
import {
  isThere,
  kubernetesModule,
  kubernetesPrograms,
  kubernetesVersion,
  linkerOptions,
} from './kubernetes.ts';

interface BuildOptions {
  readonly output: Output;
  readonly signal: AbortSignal;
}

const goEnvironment = { CGO_ENABLED: '0', GOWORK: 'off' };

/**
 * Builds the programs of Kubernetes into `folder`: one program under several names. Everything is done beside it first
 * and moved there in one step, so `folder` is whole or absent. What Go has compiled by then is kept by Go, so that an
 * interrupted build goes on where it was.
 */
export async function buildKubernetes(folder: string, options: BuildOptions): Promise<void> {
  const go = await findGo();
  const version = await kubernetesVersion();
  const partial = join(dirname(folder), `.partial-${hostname()}-${process.pid}`);
  try {
    await rm(partial, { recursive: true, force: true }); // Of a killed process that had the same number.
    await mkdir(partial, { recursive: true });
    options.output.write(
      `Waiting for the build of Kubernetes ${version} from source, for the tests (about 8 minutes on two cores, ` +
        'once a machine; 4 GB for what Go keeps) ...\n',
    );
    await download(go, options);
    await compile(go, { package: '.', to: join(partial, 'kube'), version }, options);
    await compile(go, { package: './pause', to: join(partial, 'pause'), version }, options);
    for (const name of kubernetesPrograms) await symlink('kube', join(partial, name));
    await moveIntoPlace(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function download(go: string, { signal }: BuildOptions): Promise<void> {
  const result = await runCommand(go, ['-C', kubernetesModule, 'mod', 'download'], {
    environment: goEnvironment,
    signal,
  });
  if (result.code === 0) return;
  throw new BlockstillError('setup/download-failed', 'Go could not download the modules of Kubernetes.', {
    hint: `It needs the network or a module proxy (GOPROXY), once. It said:\n${lastLines(result.stderr)}`,
  });
}

async function compile(
  go: string,
  program: { package: string; to: string; version: string },
  { output, signal }: BuildOptions,
): Promise<void> {
  const packages = await countPackages(go, program.package);
  const compiled = packageReporter(packages, output);
  // -v: a line for each package that is compiled, none for those that Go has kept.
  const build = ['-C', kubernetesModule, 'build', '-v', '-trimpath', '-buildvcs=false'];
  const link = ['-ldflags', linkerOptions(program.version), '-o', program.to];
  const result = await runReporting(go, [...build, ...link, program.package], { signal, onLine: compiled });
  if (output.isTerminal) output.write('\r\u001B[K');
  if (result.code === 0) return;
  throw new BlockstillError('setup/compiler-failed', 'Go could not build Kubernetes.', {
    hint: `It needs about 4 GB of disk and 2 GB of memory. It said:\n${lastLines(result.said)}`,
  });
}

async function countPackages(go: string, packageName: string): Promise<number> {
  const result = await runCommand(go, ['-C', kubernetesModule, 'list', '-deps', packageName], {
    environment: goEnvironment,
  });
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

async function moveIntoPlace(partial: string, folder: string): Promise<void> {
  try {
    await rename(partial, folder);
  } catch (error) {
    // Another set-up was faster, with the same sources.
    if (!(await isThere(join(folder, 'kube')))) throw error;
  }
}
