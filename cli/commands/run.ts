import { join } from 'node:path';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { runJob, type RunUpdate } from '../../operator/local/run-job.ts';
import { phaseSeconds } from '../../operator/local/phase-seconds.ts';
import { exitCodes } from '../exit-codes.ts';
import { jobTable } from '../render/job-table.ts';
import { plainView } from '../render/plain-view.ts';
import { liveView, type ProgressView } from '../render/progress-view.ts';
import { printable } from '../render/printable.ts';
import { styles } from '../render/style.ts';
import type { Terminal } from '../terminal.ts';
import { watchInterrupts } from '../interrupts.ts';
import { requireTensorFlow, workerCommand } from '../worker-command.ts';

export interface RunCommand {
  readonly manifest: string;
  readonly workers?: number | undefined;
  readonly storage?: string | undefined;
  readonly output: 'text' | 'json';
}

/** `blockstill run`: runs the job and prints how it went; progress goes to standard error, the outcome to standard output. */
export async function runCommand(
  { manifest, workers, storage, output }: RunCommand,
  { out, progress }: { out: Terminal; progress: Terminal },
): Promise<number> {
  const command = workerCommand();
  const job = await loadLocalJob(manifest, storage);
  requireTensorFlow();
  const now = (): Date => new Date();
  const view = (progress.interactive ? liveView : plainView)(job.name, progress, now);
  using interrupts = watchInterrupts();
  let last: RunUpdate | undefined;
  const { status, alreadyDone } = await closing(view, async () =>
    runJob({
      job,
      workerCommand: command,
      workers,
      environment: process.env,
      interrupt: interrupts.signal,
      now,
      onUpdate: (update) => {
        last = update;
        // An earlier run's end is not news: the tables below say all.
        if (update.status.phase !== 'Complete' || update.events.length > 0) view.update(update);
      },
    }),
  );
  if (output === 'json') out.write(`${JSON.stringify(status, undefined, 2)}\n`);
  else {
    if (alreadyDone && status.phase === 'Complete')
      out.write('This job was already done; nothing was run.\n');
    if (alreadyDone && status.phase === 'Failed') out.write(`${notRunAgain(status)}\n`);
    const phases = last === undefined ? {} : phaseSeconds(last.observed);
    if (status.phase === 'Complete' || status.phase === 'Failed') {
      out.write(`${jobTable(status, phases).slice(1).join('\n')}\n`);
    }
    out.write(`\n${outcomeText(job.name, status, out)}\n`);
    out.write(`status: ${join(job.folder, 'status.json')}\n`);
  }
  return exitCodeOf(status);
}

/** What to do about a job that an earlier run ended for good. */
function notRunAgain({ conditions }: RunUpdate['status']): string {
  const reason = conditions?.find(({ type }) => type === 'Failed')?.reason ?? '';
  const change = {
    NothingReplaced: 'spec.distill.steps or epochs, or spec.distill.learningRate',
    NotAccepted: 'spec.acceptance or spec.finetune; or spec.distill, which trains all blocks again',
    DeadlineExceeded: 'spec.activeDeadlineSeconds',
  }[reason];
  return `This job failed in an earlier run; nothing was run again. Change the manifest${change === undefined ? '' : ` (${change})`} and run it; finished blocks are kept unless something is edited that they depend on.`;
}

/** How the command ends with a job that has come to this. */
export function exitCodeOf({ phase, conditions }: RunUpdate['status']): number {
  if (phase === 'Suspended') return exitCodes.Interrupted;
  if (phase === 'Complete') return exitCodes.Success;
  const badInput = conditions?.some(({ type, reason }) => type === 'Failed' && reason === 'InvalidInput');
  return badInput === true ? exitCodes.InvalidInput : exitCodes.Failed;
}

export function outcomeText(name: string, status: RunUpdate['status'], terminal: Terminal): string {
  const { green, red, yellow, bold } = styles(terminal.color);
  const paint = status.phase === 'Complete' ? green : status.phase === 'Failed' ? red : yellow;
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return `${bold(name)}: ${paint((status.phase ?? 'unknown').toLowerCase())}. ${printable(ready?.message ?? '')}`.trim();
}

async function closing<Result>(view: ProgressView, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } finally {
    view.close();
  }
}
