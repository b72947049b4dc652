import { spawn } from 'node:child_process';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtempDisposable, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { helmFolder } from '../../scripts/helm/helm.ts';
import { programFolder } from '../cluster/programs.ts';
import type { Block } from './markdown.ts';
import { root } from './markdown.ts';

/** One who types what the documentation says: in a checkout, with a home folder, kubectl and Helm. */
export interface Reader extends AsyncDisposable {
  /** The checkout, a copy of this one as far as Git knows it. */
  readonly folder: string;
  /**
   * Types all of a block, as into one shell.
   *
   * @returns what is printed
   * @throws Error with what is printed and where the block is, when a command of it fails
   */
  type(block: Pick<Block, 'page' | 'line' | 'text'>): Promise<string>;
}

export async function startReader(kubeconfig: string): Promise<Reader> {
  await using undo = new AsyncDisposableStack();
  const place = undo.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-reader-')));
  const folder = join(place.path, 'blockstill');
  const home = join(place.path, 'home');
  await copyCheckout(folder);
  await mkdir(join(home, '.local', 'bin'), { recursive: true });
  const tools = [
    join(home, '.local', 'bin'),
    dirname(process.execPath),
    await programFolder(),
    await helmFolder(),
    process.env['PATH'] ?? '',
  ];
  const environment = { ...process.env, HOME: home, KUBECONFIG: kubeconfig, PATH: tools.join(delimiter) };
  const parts = undo.move();
  return {
    folder,
    type: async ({ page, line, text }) => {
      const { code, output } = await runShell(text, { folder, environment });
      if (code !== 0) throw new Error(`${page}:${line} ended with ${code}. It printed:\n${output}`);
      return output;
    },
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

/** What Git knows or would take in, with the packages of this checkout. */
async function copyCheckout(folder: string): Promise<void> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    maxBuffer: 16 * 1024 ** 2,
  });
  for (const name of stdout.split('\0').filter((each) => each !== ''))
    await cp(join(root, name), join(folder, name));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
}

async function runShell(
  text: string,
  options: { folder: string; environment: NodeJS.ProcessEnv },
): Promise<{ code: number | null; output: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], {
    cwd: options.folder,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (output += part));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
