import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Accuracies, Latency } from '../../worker/contract/primitives.ts';
import { significant } from '../accounting/significant.ts';
import { finetuneResult, roundedAccuracy } from './block-status.ts';
import type { Observed } from './observed.ts';
import type { UnitViews } from './units.ts';

type Networks = Pick<DistillationJobStatus, 'teacher' | 'student'>;

/** What is known of teacher and student: parameters and multiplications as they are, measured figures rounded. */
export function networksOf(units: UnitViews, { prepared }: Observed): Networks {
  if (prepared === undefined) return {};
  const { teacher } = prepared.plan;
  const result = finetuneResult(units);
  return {
    teacher: {
      ...teacher.cost,
      digest: teacher.digest,
      accuracy: known(teacher.accuracy),
      ...(result === undefined ? {} : { latency: result.teacher.latency.map(rounded) }),
    },
    ...(result === undefined
      ? {}
      : {
          student: {
            ...result.student.cost,
            digest: result.student.digest,
            ...(result.student.uri === null ? {} : { uri: result.student.uri }),
            chosen: result.student.chosen,
            stages: result.student.stages.map(({ stage, accuracy }) => ({
              stage,
              accuracy: known(accuracy),
            })),
            latency: result.student.latency.map(rounded),
          },
        }),
  };
}

/** Unknown figures are null in a worker's files and absent in a status. */
function known({ validation, test, reason }: Accuracies) {
  return {
    ...(validation === null ? {} : { validation: roundedAccuracy(validation) }),
    ...(test === null ? {} : { test: roundedAccuracy(test) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function rounded(latency: Latency): Latency {
  return { ...latency, milliseconds: significant(latency.milliseconds) };
}
