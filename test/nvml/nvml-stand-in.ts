import { mkdtempDisposable, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastLines, runCommand } from '../../scripts/tensorflow/command.ts';

/** NVIDIA's management library without a GPU: the real functions, and cards that do what a script says. */
export interface NvmlStandIn extends AsyncDisposable {
  /** What `BLOCKSTILL_NVML` is to name. */
  readonly library: string;
  /**
   * Replaces the script, for processes that run already as well. Its times count from now on.
   *
   * @param lines as `libnvidia-ml.c` describes them
   * @returns the moment that its times count from, by `monotonicSeconds`
   */
  play(...lines: readonly string[]): Promise<number>;
}

const source = join(import.meta.dirname, 'libnvidia-ml.c');

/** Builds the library, into a folder of its own. */
export async function buildNvmlStandIn(): Promise<NvmlStandIn> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'nvml-'));
  const library = join(folder.path, 'libnvidia-ml.so.1');
  const options = ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', library, source, '-lm'];
  const { code, stdout, stderr } = await runCommand('gcc', options);
  if (code !== 0) throw new Error(`gcc: ${lastLines(stderr || stdout)}`);
  return {
    library,
    play: async (...lines) => {
      const start = monotonicSeconds();
      const script = `${library}.script`;
      await writeFile(`${script}.new`, [`start ${start}`, ...lines, ''].join('\n'));
      await rename(`${script}.new`, script);
      return start;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** CLOCK_MONOTONIC, which all processes share. */
export function monotonicSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}
