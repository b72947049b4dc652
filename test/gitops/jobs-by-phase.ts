import { creationProblem, illegible, nameTaken } from '../../operator/cluster/creation-problem.ts';
import { apiError } from '../../operator/cluster/testing/fake-cluster.ts';
import { podlessSentence, waitingSentence } from '../../operator/cluster/waiting.ts';
import {
  anObserved,
  anUnpreparedJob,
  collapsed,
  distilled,
  failed,
  finetuned,
  running,
} from '../../operator/decide/builders.ts';
import type { Observed, Why } from '../../operator/decide/observed.ts';
import type { FailureReason } from '../../operator/decide/verdict.ts';

const allDistilled = [
  distilled('unit-000', 'a'),
  distilled('unit-001', 'b'),
  distilled('unit-002', 'c'),
] as const;
const stop = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;
const policy = { backoffLimit: 0, onUnitFailure: 'Fail' } as const;

/** A unit that waits while nothing else runs. */
function waiting(why: Why): Observed {
  return anObserved([running('unit-000', { state: 'Pending', startTime: undefined, waiting: why })]);
}

function saidByCluster(reason: string, message: string): Observed {
  return waiting(waitingSentence('unit-000', { reason, message }));
}

/** The cluster refuses to make the next Job. */
function kept(why: Why | undefined): Observed {
  if (why === undefined) throw new Error('The cluster refuses nothing.');
  return anObserved([], { obstacle: why });
}

function forbidden(message: string): Observed {
  const error = apiError({ httpStatus: 403, reason: 'Forbidden', message });
  return kept(creationProblem(error, 'mnist-u000-1')?.why);
}

/** What a job does, by the phase that its status then says. */
export const workingJobs: Readonly<Record<string, Observed>> = {
  Pending: anUnpreparedJob(),
  Preparing: anUnpreparedJob([running('prepare')]),
  Distilling: anObserved([running('unit-000')]),
  Finetuning: anObserved([...allDistilled, running('finetune')]),
};

/** Jobs that wait, by the reason that their conditions give. */
export const waitingJobs: Readonly<Record<string, Observed>> = {
  Queued: waiting({ reason: 'Queued', message: 'unit-000 waits for its turn in the queue vision.' }),
  WaitingForNode: saidByCluster('Unschedulable', '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.'),
  WaitingForImage: saidByCluster('ImagePullBackOff', 'Back-off pulling image "worker:1"'),
  WaitingForVolume: saidByCluster('FailedMount', 'secret "s3" not found'),
  WaitingForSandbox: saidByCluster('FailedCreatePodSandBox', 'plugin type="calico" failed'),
  WaitingForConfiguration: saidByCluster('CreateContainerConfigError', 'secret "s3" not found'),
  PodRefused: waiting(podlessSentence('unit-000', 'violates PodSecurity "restricted:latest"')),
  NoPod: waiting({ reason: 'NoPod', message: 'unit-000 was given no pod for 11 minutes.' }),
  QuotaExceeded: forbidden('exceeded quota: gpus, requested: 1, used: 4, limited: 4'),
  JobForbidden: forbidden('jobs.batch is forbidden'),
  NamespaceTerminating: kept(
    creationProblem(apiError({ httpStatus: 404, reason: 'NotFound' }), 'mnist-u000-1')?.why,
  ),
  NameTaken: kept(nameTaken('mnist-u000-1')),
};

/** Further jobs that go on, though not everything is as it should be. */
export const troubledJobs: Readonly<Record<string, Observed>> = {
  'one whose prepare failed and is tried again': anUnpreparedJob([
    failed('prepare'),
    running('prepare', { number: 2 }),
  ]),
  'one with a block that failed and is tried again': anObserved([
    failed('unit-000'),
    running('unit-000', { number: 2 }),
  ]),
  'one that may use one node only': anObserved([running('unit-000')], {
    notices: [{ type: 'SingleNode', reason: 'ReadWriteOnce', message: 'All pods are put on one node.' }],
  }),
  'one with a Job whose labels are gone': kept(illegible('mnist-u000-1')),
  'one that is told to stand still while a unit runs': anObserved([running('unit-000')], { stop }),
};

export const suspendedJobs: Readonly<Record<string, Observed>> = {
  'before it began': anUnpreparedJob([], { stop }),
  'between its units': anObserved([allDistilled[0]], { stop }),
};

export const completeJob: Observed = anObserved([...allDistilled, finetuned()]);

/** A job for every reason to fail. The compiler asks for a new one. */
export const failedJobs: Readonly<Record<FailureReason, Observed>> = {
  InvalidSpec: anUnpreparedJob([], {
    invalid: { reason: 'InvalidSpec', message: 'There is no worker image: give spec.pod.image.' },
  }),
  InvalidInput: anUnpreparedJob([failed('prepare', { exitCode: 64, message: 'The teacher has no layer.' })]),
  UnitFailed: anObserved([failed('unit-000')], { policy }),
  NothingReplaced: anObserved([
    collapsed('unit-000', 'a'),
    collapsed('unit-001', 'b'),
    collapsed('unit-002', 'c'),
  ]),
  NotAccepted: anObserved([...allDistilled, finetuned({ accepted: false })]),
  DeadlineExceeded: anObserved([running('unit-000')], { policy: { ...policy, activeDeadlineSeconds: 5 } }),
};
