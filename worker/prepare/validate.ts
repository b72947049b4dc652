import { rm } from 'node:fs/promises';
import { checkOutput } from '../../common/output-folder.ts';
import type { Cost } from '../contract/primitives.ts';
import type { ValidationReport } from '../contract/validation-report.ts';
import { materialiseDataset } from '../data/materialise.ts';
import { classifies } from '../evaluate/evaluation.ts';
import { costOf } from '../models/cost.ts';
import { inputShapeOf, outputShapeOf } from '../models/network.ts';
import type { UnmeteredContext } from '../work-context.ts';
import { chooseBlocks } from './choose-blocks.ts';
import { loadTeacher } from './load-teacher.ts';
import { precisionWarnings } from './precision-warnings.ts';
import { resolveDataset } from './resolve-inputs.ts';

/** Checks teacher and data as prepare does, trains nothing and keeps nothing. */
export async function validate(context: UnmeteredContext): Promise<ValidationReport> {
  const { attempt, signal } = context;
  const jobSpec = context.spec.spec;
  const options = { folder: attempt.path('downloads'), s3: jobSpec.storage.s3, signal };
  try {
    // Nothing is kept in this exchange, so it says nothing about where the job comes from.
    await checkOutput({ ...context.spec, exchange: undefined });
    const teacher = await loadTeacher(jobSpec, { ...options, digest: context.spec.teacherDigest });
    const [height = 0, width = 0, channels = 0] = inputShapeOf(teacher);
    const output = outputShapeOf(teacher);
    const { blocks, kept } = chooseBlocks(teacher, jobSpec);
    const { index } = await materialiseDataset(await resolveDataset(jobSpec.dataset, options), {
      folder: attempt.path('data'),
      seed: jobSpec.execution.seed,
      expected: { height, width, channels, classes: classifies(output) ? output[0] : undefined },
      signal,
    });
    const { train, validation, test } = index.splits;
    return {
      teacher: { cost: costOf(teacher), inputShape: [height, width, channels], outputShape: [...output] },
      blocks: [...blocks],
      kept: [...kept],
      samples: {
        train: train.count,
        validation: validation.count,
        test: 'count' in test ? test.count : null,
      },
      classes: index.classes,
      ...('count' in test ? {} : { testReason: test.reason }),
      student: { cost: studentCost(costOf(teacher), blocks) },
      warnings: precisionWarnings(jobSpec, context.cpuInfo),
    };
  } finally {
    await rm(attempt.folder, { recursive: true, force: true });
  }
}

/** What the student costs when every block is replaced. */
function studentCost(teacher: Cost, blocks: readonly { teacher: Cost; replacement: Cost }[]): Cost {
  return blocks.reduce(
    (cost, block) => ({
      parameters: cost.parameters - block.teacher.parameters + block.replacement.parameters,
      macs: cost.macs - block.teacher.macs + block.replacement.macs,
    }),
    teacher,
  );
}
