import type { AcceptedJob } from './accept-job.ts';

/**
 * What was accepted, with the edits that are allowed after that: other resources and settings of pods. What a stage
 * computes on stays, because bits depend on it; and so does an image that only the operator's defaults would change.
 */
export function withEdits(accepted: AcceptedJob, offered: AcceptedJob): AcceptedJob {
  const [before, after] = [accepted.compiled.spec, offered.compiled.spec];
  const stage = (name: 'prepare' | 'distill' | 'finetune') => ({
    ...after.resources[name],
    device: before.resources[name].device,
  });
  const imageEdited = before.pod.image !== after.pod.image;
  const policyEdited = before.pod.imagePullPolicy !== after.pod.imagePullPolicy;
  const classEdited = before.pod.runtimeClassName !== after.pod.runtimeClassName;
  return {
    ...accepted,
    image: imageEdited ? offered.image : accepted.image,
    ...(policyEdited ? { imagePullPolicy: offered.imagePullPolicy } : {}),
    ...(classEdited ? { runtimeClassName: offered.runtimeClassName } : {}),
    compiled: {
      ...accepted.compiled,
      spec: {
        ...before,
        pod: after.pod,
        resources: { prepare: stage('prepare'), distill: stage('distill'), finetune: stage('finetune') },
      },
    },
  };
}
