import { join } from 'node:path';
import { runnerFiles } from '../../operator/local/layout.ts';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { isLocked } from '../../operator/local/lock.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { exitCodes } from '../exit-codes.ts';
import { jobTable } from '../render/job-table.ts';
import type { Terminal } from '../terminal.ts';
import { readLocalStatus } from './read-local-status.ts';
import { outcomeText } from './run.ts';

export interface StatusCommand {
  readonly manifest: string;
  readonly storage?: string | undefined;
  readonly output: 'text' | 'json';
}

/**
 * `blockstill status`: prints what the last or current run of the manifest on this machine wrote down.
 *
 * @throws BlockstillError `run/never-run`, `run/edited`
 */
export async function statusCommand(
  { manifest, storage, output }: StatusCommand,
  out: Terminal,
): Promise<number> {
  const job = await loadLocalJob(manifest, storage);
  const { status, written } = await readLocalStatus(job, manifest);
  if (output === 'json') out.write(`${JSON.stringify(status, undefined, 2)}\n`);
  else {
    out.write(`${outcomeText(job.name, status, out)}\n`);
    out.write(`${[...progressTexts(status), `as of ${written.toISOString()}`].join(', ')}\n`);
    const over = status.phase === 'Complete' || status.phase === 'Failed';
    if (!over && !(await isLocked(join(job.folder, runnerFiles.lock)))) {
      out.write(`No run is active. Resume it: blockstill run ${manifest}\n`);
    }
    out.write(`${jobTable(status).join('\n')}\n`);
  }
  return exitCodes.Success;
}

/** How far a job is, as far as that is known. */
export function progressTexts({ progress }: DistillationJobStatus): string[] {
  return progress === undefined ? [] : [`${progress.done}/${progress.total} blocks`, `${progress.percent}%`];
}
