import { decodeUnitMessage, type UnitMessage } from '../../worker/contract/unit-message.ts';
import { specDigestOf } from '../../worker/contract/job-spec.ts';
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

interface Judged {
  /** What the message was judged by. */
  readonly digests: string;
  readonly message: UnitMessage | undefined;
}

/** Decoded, a message takes many times the memory, and a large cluster has thousands. */
const mostRemembered = 1000;

/** What was judged last, the latest at the end: a job is looked at often, and what its children said stays the same. */
const judged = new Map<ChildJob | ChildPod, Judged>();

function messageIn(
  child: ChildJob | ChildPod,
  { text, identity, input }: { text: string; identity: ChildIdentity; input: AttemptsToObserve },
): UnitMessage | undefined {
  if (text === '') return undefined;
  const digests = `${specDigestOf(input.specDigests, identity.stage)} ${input.plan?.digest}`;
  const known = judged.get(child);
  const message = known?.digests === digests ? known.message : validMessage(text, identity, input);
  judged.delete(child);
  judged.set(child, { digests, message });
  const [oldest] = judged.keys();
  if (judged.size > mostRemembered && oldest !== undefined) judged.delete(oldest);
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
  if (facts.specDigest !== specDigestOf(specDigests, stage)) return undefined;
  if (facts.stage !== 'Prepare' && facts.planDigest !== plan?.digest) return undefined;
  return message;
}
