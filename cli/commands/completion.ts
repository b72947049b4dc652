import type { Command } from 'commander';
import { BlockstillError } from '../../common/error.ts';
import { openCluster, type ClusterOptions } from '../cluster/open-cluster.ts';
import { complete, type Completion } from '../completion/complete.ts';
import { completionSources } from '../completion/sources.ts';
import { exitCodes } from '../exit-codes.ts';
import { printError } from '../print-error.ts';
import { printable } from '../render/printable.ts';
import type { Terminal } from '../terminal.ts';

/** Whoever has pressed a key waits no longer. */
const timeoutMilliseconds = 3000;

/** Cobra's directives: 1 is an error, with 4 the shell offers no files. */
const directives = { files: 0, failed: 1, noFiles: 4 } as const;

/**
 * `__complete WORD...`: candidates for the last word, for the scripts of `completion` and for kubectl, to which it is
 * `kubectl_complete-blockstill`. Errors go to standard error, which those pass over.
 */
export async function completeCommand(
  program: Command,
  words: readonly string[],
  { environment, out, progress }: { environment: NodeJS.ProcessEnv; out: Terminal; progress: Terminal },
): Promise<number> {
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  const open = (options: ClusterOptions): ReturnType<typeof openCluster> => openCluster(options, environment);
  try {
    out.write(answer(await complete(program, words, completionSources({ environment, signal, open }))));
    return exitCodes.Success;
  } catch (error) {
    if (!(error instanceof BlockstillError) && error !== signal.reason) throw error;
    out.write(`:${directives.failed}\n`);
    return printError(error, progress);
  }
}

function answer({ candidates, files }: Completion): string {
  // What can't be shown can't be typed either.
  const typed = candidates.filter(({ value }) => printable(value) === value && !/[\n\t]/.test(value));
  const lines = typed.map(({ value, description }) =>
    description === undefined || description === '' ? value : `${value}\t${printable(description)}`,
  );
  return [...lines, `:${files ? directives.files : directives.noFiles}`, ''].join('\n');
}
