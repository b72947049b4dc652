import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-node-gpu';
import { costOf } from '../worker/models/cost.ts';
import { loadNetwork } from '../worker/models/load.ts';
import type { Network } from '../worker/models/network.ts';
import { initialWeights } from '../worker/models/replacement.ts';
import { saveNetwork } from '../worker/models/save.ts';
import { readIdxFiles, type LabelledImages } from './labelled-images.ts';
import { accuracyOf, trainClassifier, type EpochReport } from './train-classifier.ts';

export interface TeacherTraining {
  readonly epochs: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Where model.json and weights.bin are written. */
  readonly folder: string;
}

/** Trains a network on the MNIST data of mnist/make-data.ts, prints how good it is, and saves it. */
export async function trainTeacher(
  model: LayersModel,
  { epochs, learningRate, seed, folder }: TeacherTraining,
): Promise<void> {
  const untrained = await networkOf(model);
  const { macs, parameters } = costOf(untrained);
  console.log(`${untrained.name}: ${thousands(parameters)} parameters, ${thousands(macs)} MACs`);
  const start = performance.now();
  const teacher = trainClassifier(
    { ...untrained, weights: initialWeights(untrained, seed, untrained.name) },
    await mnist('train'),
    { epochs, learningRate, seed, onEpoch: printEpoch },
  );
  console.log(`trained in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  for (const split of ['validation', 'test'] as const) {
    console.log(`${split} accuracy: ${percent(accuracyOf(teacher, await mnist(split)))}`);
  }
  await saveNetwork(teacher, folder);
  console.log(`saved to ${folder}`);
}

/** One part of the data that mnist/make-data.ts has written. */
export async function mnist(split: 'train' | 'validation' | 'test'): Promise<LabelledImages> {
  const file = (kind: string): string => join(import.meta.dirname, 'mnist', 'data', `${split}-${kind}.idx`);
  return readIdxFiles({ images: file('images'), labels: file('labels') });
}

function printEpoch({ number, loss }: EpochReport): void {
  console.log(`epoch ${number}: loss ${loss.toFixed(4)}`);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Blockstill reads models from files, as TensorFlow.js writes them. */
async function networkOf(model: LayersModel): Promise<Network> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-teacher-'));
  await model.save(`file://${folder.path}`);
  return await loadNetwork(folder.path);
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}
