import { publish, type Student } from '../../common/output-folder.ts';
import type { WorkContext } from '../work-context.ts';

/**
 * Copies the student to `spec.output.uri` and returns the URI.
 *
 * @throws InvalidInputError `storage/output-taken` when another job's student, or anything else, lies there.
 */
export async function publishStudent({ spec }: WorkContext, student: Student): Promise<string> {
  return publish(spec, student);
}
