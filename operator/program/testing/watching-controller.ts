import { group, kind, version } from '../../../crds/distillation-job.ts';
import { listWatch, Reflector } from '../../kube/reflector.ts';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { keyOf, type StoredObject } from '../../kube/store.ts';
import type { Controller, ControllerRun } from '../controller.ts';
import { watchesNotReady } from '../watch-readiness.ts';

const jobs: Resource = { group, version, plural: 'distillationjobs', kind, namespaced: true };

/** Follows DistillationJobs and does nothing about them. */
export function watchingController({ client, clock, logger, metrics }: ControllerRun): Controller {
  const reflector = new Reflector({
    source: listWatch<KubeObject>(client, jobs),
    indices: {},
    clock,
    random: Math.random,
    project: ({ metadata }) => ({ metadata: metadata as StoredObject['metadata'] }),
    onChange: ({ type, object }) => logger.info('Seen', { type, job: keyOf(object) }),
    onProblem: (error) => logger.warn('The watch is disturbed', { error }),
  });
  metrics.watchAge('distillationjobs', () => reflector.secondsSinceContact());
  return {
    run: async (signal) => await reflector.run(signal),
    notReady: () => watchesNotReady({ distillationjobs: reflector }),
  };
}
