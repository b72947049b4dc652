import { apiVersion, kind } from '../../crds/distillation-job.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import { specDigestOf, toldSpec, type SpecDigests } from '../../worker/contract/job-spec.ts';
import { contractVersion } from '../../worker/contract/primitives.ts';
import type { UnitSpec } from '../../worker/contract/unit-spec.ts';
import type { UnitToCreate } from '../decide/decision.ts';
import type { AcceptedJob } from './accept-job.ts';
import type { KubeJob } from './kube-objects.ts';
import {
  annotations,
  jobNameOf,
  labels,
  labelValues,
  queueLabels,
  stageLabels,
  workerContainer,
} from './names.ts';
import { renderPod } from './render-pod.ts';

export interface JobToRender {
  readonly owner: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
  };
  readonly accepted: AcceptedJob;
  readonly specDigests: SpecDigests;
  readonly unit: UnitToCreate;
  readonly retry: number;
  readonly revision: number;
  readonly onOneNode: boolean;
}

/**
 * The Job of one attempt. It runs one pod to its end, and another one only when the cluster was to blame: what the
 * worker caused is counted by the operator, over all attempts at the unit.
 */
export function renderJob(job: JobToRender): KubeJob {
  const { owner, unit, accepted } = job;
  const identity = identityLabels(job);
  // Who asks for a block means the unit that trains it for use.
  const blocks =
    unit.blocks === undefined || unit.stage !== 'Distill'
      ? {}
      : { [annotations.blocks]: unit.blocks.join(',') };
  return {
    metadata: {
      name: jobNameOf(owner.name, unit),
      namespace: owner.namespace,
      labels: { ...queueLabelsOf(owner.labels), ...identity },
      annotations: blocks,
      ownerReferences: [
        { apiVersion, kind, name: owner.name, uid: owner.uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: { rules: failureRules },
      template: renderPod({
        accepted,
        stage: unit.stage,
        unitSpec: JSON.stringify(unitSpecOf(job)),
        labels: identity,
        annotations: blocks,
        onOneNodeWith: job.onOneNode ? owner.uid : undefined,
      }),
    },
  };
}

/** In this order; what none of them says counts as a failure of the worker. */
const failureRules = [
  {
    action: 'FailJob',
    onExitCodes: { containerName: workerContainer, operator: 'In', values: [exitCode.InvalidInput] },
  },
  {
    action: 'Ignore',
    onExitCodes: { containerName: workerContainer, operator: 'In', values: [exitCode.Interrupted] },
  },
  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
];

function identityLabels({ owner, unit, retry, revision }: JobToRender): Record<string, string> {
  return {
    [labels.name]: labelValues.name,
    [labels.managedBy]: labelValues.managedBy,
    [labels.jobUid]: owner.uid,
    [labels.jobName]: owner.name,
    [labels.stage]: stageLabels[unit.stage],
    [labels.unit]: String(unit.index),
    [labels.attempt]: String(unit.attemptNumber),
    [labels.retry]: String(retry),
    [labels.revision]: String(revision),
  };
}

function queueLabelsOf(given: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    queueLabels.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  );
}

/** The id of the attempt is for the pod to fill in: its own UID. */
function unitSpecOf({ owner, accepted, specDigests, unit }: JobToRender): Omit<UnitSpec, 'attempt'> & {
  attempt: { number: number };
} {
  const { name, namespace, uid } = owner;
  const { spec } = accepted.compiled;
  const { plan, blocks, results, failedBlocks } = unit;
  return {
    version: contractVersion,
    job: { namespace, name, uid },
    stage: unit.stage,
    unit: unit.unit,
    attempt: { number: unit.attemptNumber },
    spec: toldSpec(spec),
    specDigest: specDigestOf(specDigests, unit.stage),
    exchange: `${spec.storage.uri.replace(/\/+$/, '')}/${namespace}/${name}-${uid}`,
    ...(plan === undefined ? {} : { plan }),
    ...(blocks === undefined ? {} : { blocks: [...blocks] }),
    ...(results === undefined ? {} : { results: [...results] }),
    ...(failedBlocks === undefined ? {} : { failedBlocks }),
  };
}
