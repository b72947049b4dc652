import { describe, expect, test } from 'vitest';
import { immutabilityRules } from '../../crds/rules/immutability.ts';
import { manifestWith } from '../../crds/test-manifests.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { isRefusal, useApiServer, type Answer, type Refusal } from './use-api-server.ts';

/** A change at each place that may not change, valid in itself. */
const forbidden: Readonly<Record<string, unknown>> = {
  'spec.teacher': { uri: 'file:///other' },
  'spec.dataset': { train: { uri: 'file:///other' } },
  'spec.partition': { strategy: 'Stages' },
  'spec.replacement': { candidates: [{ name: 'default', repeats: 3 }] },
  'spec.distill': { batchSize: 32 },
  'spec.stitch': { maxScoreDrop: 0.1 },
  'spec.finetune': { epochs: 0 },
  'spec.acceptance': { maxAccuracyDrop: 0.1 },
  'spec.output': { uri: 'file:///other' },
  'spec.storage': { retain: 'Always' },
  'spec.execution.device': 'CPU',
  'spec.execution.precision': 'BFloat16',
  'spec.execution.packing': 'Auto',
  'spec.execution.activationCache': { memory: '1Gi' },
  'spec.execution.threads': { distill: 2 },
  'spec.execution.baseline': { mode: 'Measure' },
  'spec.execution.idleBaselineSeconds': 30,
  'spec.execution.seed': 1,
  'spec.retry': 1,
};

const allowed: Readonly<Record<string, unknown>> = {
  'spec.suspend': true,
  'spec.resources': { gpu: { count: 2 }, memory: '8Gi' },
  'spec.pod': { nodeSelector: { pool: 'gpu' } },
  'spec.backoffLimit': 5,
  'spec.activeDeadlineSeconds': 3600,
  'spec.ttlSecondsAfterFinished': 60,
  'spec.execution.maxParallel': 8,
  'spec.execution.pendingDeadlineSeconds': 600,
  'spec.retry': 3,
};

/** The name of the job on which a change at a path is tried. */
function nameOf(kind: string, path: string): string {
  return [kind, ...path.toLowerCase().split('.').slice(1)].join('-');
}

/** The merge patch that puts a value at a path. */
function patchOf(path: string, value: unknown): object {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))(
  'the API server lets nothing change that results depend on',
  () => {
    const server = useApiServer();

    async function createJob(name: string): Promise<Answer> {
      const values = { 'metadata.name': name, 'spec.execution.maxParallel': 4, 'spec.retry': 2 };
      const answer = await server().create(manifestWith(values));
      if (isRefusal(answer)) throw new Error(JSON.stringify(answer));
      return answer;
    }

    test('there is a change for every rule', () => {
      expect(Object.keys(forbidden).toSorted()).toEqual(immutabilityRules.map(({ path }) => path).toSorted());
    });

    test.each(immutabilityRules)('$path: a change is refused with the reason', async ({ path, message }) => {
      const { metadata } = await createJob(nameOf('fixed', path));
      const refusal = (await server().patch(metadata.name, patchOf(path, forbidden[path]))) as Refusal;
      expect(refusal).toMatchObject({
        code: 422,
        causes: [{ field: path, message: expect.stringContaining(message) as unknown }],
      });
    });

    test.each(Object.entries(allowed))('%s may change', async (path, value) => {
      const job = await createJob(nameOf('free', path));
      const changed = (await server().patch(job.metadata.name, patchOf(path, value))) as Answer;
      expect(changed.metadata?.generation, JSON.stringify(changed)).toBe(job.metadata.generation + 1);
    });
  },
);
