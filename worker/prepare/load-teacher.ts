import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfFile } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import { loadNetwork } from '../models/load.ts';
import type { Network } from '../models/network.ts';
import { localPath, type ResolveOptions } from './resolve-inputs.ts';

/**
 * Loads the teacher that the manifest names.
 *
 * @throws InvalidInputError `model/digest` when model.json is not the pinned one, and what {@link loadNetwork} throws.
 */
export async function loadTeacher(teacher: JobSpec['teacher'], options: ResolveOptions): Promise<Network> {
  const path = await localPath(teacher.uri, {
    field: 'spec.teacher.uri',
    sha256: teacher.sha256,
    ...options,
  });
  if (teacher.sha256 !== undefined) {
    const file = (await stat(path)).isDirectory() ? join(path, 'model.json') : path;
    const digest = await digestOfFile(file, options.signal);
    if (digest !== `sha256:${teacher.sha256}`) {
      throw new InvalidInputError('model/digest', `The teacher's model.json has the digest ${digest}.`, {
        where: file,
        hint: `spec.teacher.sha256 says ${teacher.sha256}. Use the model that was meant, or correct the digest.`,
      });
    }
  }
  return loadNetwork(path, { signal: options.signal });
}
