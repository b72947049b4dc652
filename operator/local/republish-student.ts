import { join } from 'node:path';
import { isPublished, publish } from '../../common/output-folder.ts';
import type { JobEvent } from '../decide/decision.ts';
import type { LocalAttempt } from './local-attempt.ts';
import { outputRequest, type LocalJob } from './local-job.ts';

/**
 * Publishes a finished job's student again, from its exchange folder, when it lies no more, or no more whole, in
 * `spec.output.uri`: somebody removed it, or a run of an edited manifest has put another one there.
 *
 * @returns what was done; undefined when the student is where it should be, or none was accepted
 * @throws InvalidInputError `storage/output-taken` when something else lies there by now
 */
export async function republishStudent(
  job: LocalJob,
  attempts: readonly LocalAttempt[],
): Promise<JobEvent | undefined> {
  for (const { unit, id, result } of attempts) {
    if (result?.value.stage !== 'Finetune' || result.value.student.uri === null) continue;
    const { artifacts, student } = result.value;
    const files = { artifacts, digest: student.digest };
    const request = outputRequest(job);
    if (await isPublished(request, files)) return undefined;
    const [first] = artifacts;
    if (first === undefined) return undefined;
    const folder = join(job.folder, unit, id, first.path, '..');
    const uri = await publish(request, { ...files, folder });
    const message = `The student was not in ${uri} any more, and was put there again.`;
    return { type: 'Warning', reason: 'StudentRepublished', message };
  }
  return undefined;
}
