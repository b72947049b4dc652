/**
 * The control of this example: the student's layers with fresh weights, trained on the labels alone. What distillation is
 * worth is what it gains over this.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileJob } from '../../crds/compile-job.ts';
import { parseDistillationJob } from '../../crds/parse-distillation-job.ts';
import { findBlocks } from '../../worker/models/find-blocks.ts';
import { loadNetwork } from '../../worker/models/load.ts';
import { initialWeights } from '../../worker/models/replacement.ts';
import { stitch } from '../../worker/models/stitch.ts';
import { accuracyOf, trainClassifier } from '../train-classifier.ts';
import { mnist, percent } from '../train-teacher.ts';

const learningRate = 2e-3;

const folder = import.meta.dirname;
const manifest = join(folder, 'job.yaml');
const job = parseDistillationJob(await readFile(manifest, 'utf8'), manifest);
const { spec } = compileJob(job, { manifestFolder: folder });
const { seed } = spec.execution;

const teacher = await loadNetwork(join(folder, 'teacher'));
const { blocks } = findBlocks(teacher, spec.partition, spec.replacement.candidates[0]);
const parts = blocks.map(({ block, replacement: { network } }) => ({
  block,
  network: { ...network, weights: initialWeights(network, seed, block.name) },
}));
const stitched = stitch(teacher, parts);
// The teacher's own layers start afresh too.
const student = { ...stitched, weights: initialWeights(stitched, seed, 'control') };

const { epochs: finetuneEpochs } = spec.finetune;
const { epochs: distillEpochs = 0 } = spec.distill;
const lengths = {
  'as long as the fine-tuning': finetuneEpochs,
  'as long as distillation and fine-tuning': distillEpochs + finetuneEpochs,
};
for (const [name, epochs] of Object.entries(lengths)) {
  const trained = trainClassifier(student, await mnist('train'), { epochs, learningRate, seed });
  const [validation, test] = [
    accuracyOf(trained, await mnist('validation')),
    accuracyOf(trained, await mnist('test')),
  ];
  console.log(
    `from scratch, ${name} (${epochs} epochs): validation ${percent(validation)}, test ${percent(test)}`,
  );
}
