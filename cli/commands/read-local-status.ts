import { join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { LocalJob } from '../../operator/local/local-job.ts';
import { isStatusOf } from '../../operator/local/spec-file.ts';
import { readStatusFile } from '../../operator/local/status-file.ts';

/**
 * What the last or current run of a manifest on this machine wrote down.
 *
 * @throws BlockstillError `run/never-run`, `run/edited`
 */
export async function readLocalStatus(
  job: LocalJob,
  manifest: string,
): Promise<{ status: DistillationJobStatus; written: Date }> {
  const found = await readStatusFile(job.folder);
  const where = join(job.folder, 'status.json');
  if (found === undefined) {
    throw new BlockstillError(
      'run/never-run',
      'This manifest has not been run here, or it or its teacher was changed since.',
      {
        where,
        hint: `Run it: blockstill run ${manifest}. With something edited that blocks depend on, or another teacher, it is another job, with a folder of its own.`,
      },
    );
  }
  if (!(await isStatusOf(job))) {
    throw new BlockstillError('run/edited', 'The manifest was edited since it was last run.', {
      where,
      hint: `Run it: blockstill run ${manifest}. Finished blocks stay, and the student is made as the manifest says now.`,
    });
  }
  return found;
}
