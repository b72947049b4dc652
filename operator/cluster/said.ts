import { decodeUnitMessage, type UnitMessage } from '../../worker/contract/unit-message.ts';
import type { AttemptsToObserve } from './attempts-to-observe.ts';
import type { ChildIdentity, ChildJob, ChildPod } from './children.ts';
import { unitNameOf } from './names.ts';

/** What a unit said at its end, and who has it. */
export interface Said {
  readonly text: string;
  readonly message: UnitMessage;
  readonly pod?: ChildPod;
}

/** The first message that is one of this unit of this job: the pods' own, or what the Job has noted down. */
export function messageOf(
  job: ChildJob | undefined,
  pods: readonly ChildPod[],
  input: AttemptsToObserve,
): Said | undefined {
  for (const pod of pods) {
    const text = pod.end?.message ?? '';
    const identity = job?.identity ?? pod.identity;
    const message = identity === undefined ? undefined : messageIn(pod, { text, identity, input });
    if (message !== undefined) return { text, message, pod };
  }
  if (job?.result === undefined || job.identity === undefined) return undefined;
  const message = messageIn(job, { text: job.result, identity: job.identity, input });
  return message === undefined ? undefined : { text: job.result, message };
}

/** Messages of what is cached, with the digests that they were judged by: a job is looked at often, and has many. */
const messages = new WeakMap<
  ChildJob | ChildPod,
  { readonly digests: string; readonly message: UnitMessage | undefined }
>();

function messageIn(
  child: ChildJob | ChildPod,
  { text, identity, input }: { text: string; identity: ChildIdentity; input: AttemptsToObserve },
): UnitMessage | undefined {
  const digests = `${input.specDigests[identity.stage]} ${input.plan?.digest}`;
  const known = messages.get(child);
  if (known?.digests === digests) return known.message;
  const message = validMessage(text, identity, input);
  messages.set(child, { digests, message });
  return message;
}

function validMessage(
  text: string,
  { stage, index }: ChildIdentity,
  { uid, specDigests, plan }: AttemptsToObserve,
): UnitMessage | undefined {
  const blocks = stage === 'Finetune' ? plan?.blocks : plan?.units[index];
  const message = decodeUnitMessage(text, blocks ?? []);
  if (message?.stage !== stage) return undefined;
  const { facts } = message;
  if (facts.jobUid !== uid || facts.unit !== unitNameOf(stage, index)) return undefined;
  if (facts.specDigest !== specDigests[stage]) return undefined;
  if (facts.stage !== 'Prepare' && facts.planDigest !== plan?.digest) return undefined;
  return message;
}
