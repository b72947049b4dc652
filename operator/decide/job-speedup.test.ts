import { expect, it } from 'vitest';
import { compileJob } from '../../crds/compile-job.ts';
import { aPlan, anObserved, at, distilled, finetuned, prepared } from './builders.ts';
import { decide } from './decide.ts';
import { trainingOf } from './job-settings.ts';

const both = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), finetuned()];

/** Of two blocks, up to which a batch takes the teacher so long, three epochs of ten steps each. */
function speedupOf(prefixSeconds: readonly [number, number], activationCache?: 'Recompute') {
  const training = trainingOf(
    compileJob({
      apiVersion: 'blockstill.dev/v1alpha1',
      kind: 'DistillationJob',
      metadata: { name: 'small' },
      spec: {
        teacher: { uri: 'file:///teacher' },
        dataset: {
          format: 'NPZ',
          train: { uri: 'file:///data.npz' },
          validation: { fraction: 0.2 },
          preprocessing: {},
        },
        distill: { epochs: 3, batchSize: 10 },
        output: { uri: 'file:///student' },
        ...(activationCache === undefined
          ? {}
          : { execution: { activationCache: { mode: activationCache } } }),
      },
    }),
  );
  const blocks = ['a', 'b'].map((name, index) => ({
    name,
    stepSeconds: 1,
    prefixSeconds: prefixSeconds[index] ?? 0,
  }));
  const job = { prepared: prepared(aPlan(['a', 'b']), { blocks }), training };
  return decide(anObserved(both, job), at(20)).status.speedup;
}

it('is the same when the manifest asks for recomputation only after units had kept their activations', () => {
  // They ran the teacher on 10 batches of training and one of validation: 1.1 s and 2.2 s, of which one device repeats
  // none. For every step it would have been 30 and 3 batches: 3.3 s and 6.6 s.
  const expected = { serialSeconds: 18.9, parallelSeconds: 10, value: 1.89, savedWork: 1.33 };
  expect(speedupOf([0.1, 0.2])).toMatchObject(expected);
  expect(speedupOf([0.1, 0.2], 'Recompute')).toMatchObject(expected);
});

it('lacks what is no number, and says so', () => {
  const speedup = speedupOf([1e308, 1e308]);
  expect(speedup).toMatchObject({ parallelSeconds: 10, workers: 2, balance: 1, ceiling: 2 });
  for (const figure of ['value', 'serialSeconds', 'savedWork']) {
    expect(speedup).not.toHaveProperty(figure);
    expect(speedup?.reason).toContain(figure);
  }
});
