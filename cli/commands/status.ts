import { join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { runnerFiles } from '../../operator/local/layout.ts';
import { loadLocalJob } from '../../operator/local/local-job.ts';
import { isLocked } from '../../operator/local/lock.ts';
import { isStatusOf } from '../../operator/local/spec-file.ts';
import { readStatusFile } from '../../operator/local/status-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { jobTable } from '../render/job-table.ts';
import type { Terminal } from '../terminal.ts';
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
  const found = await readStatusFile(job.folder);
  if (found === undefined) {
    throw new BlockstillError(
      'run/never-run',
      'This manifest has not been run here, or it or its teacher was changed since.',
      {
        where: join(job.folder, 'status.json'),
        hint: `Run it: blockstill run ${manifest}. With something edited that blocks depend on, or another teacher, it is another job, with a folder of its own.`,
      },
    );
  }
  if (!(await isStatusOf(job))) {
    throw new BlockstillError('run/edited', 'The manifest was edited since it was last run.', {
      where: join(job.folder, 'status.json'),
      hint: `Run it: blockstill run ${manifest}. Finished blocks stay, and the student is made as the manifest says now.`,
    });
  }
  const { status, written } = found;
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
