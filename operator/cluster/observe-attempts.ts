import type { UnitMessage } from '../../worker/contract/unit-message.ts';
import type { ObservedAttempt } from '../decide/observed.ts';
import { abandonmentOf, attemptOf, departedAttempt, orphanAttempt } from './attempt-state.ts';
import type { AttemptsToObserve } from './attempts-to-observe.ts';
import type { ChildJob } from './children.ts';
import { failureText } from './noted-failure.ts';
import { messageOf, type Said } from './said.ts';

export interface Unrecorded {
  readonly job: ChildJob;
  /** What its pod said when it had committed, or how its worker failed. */
  readonly kind: 'result' | 'failure';
  readonly text: string;
  /** When its Job ended. */
  readonly since: Date;
  /** Its pod is gone or about to go: nothing else may have it for long. */
  readonly isPodGoing: boolean;
}

export interface ObservedAttempts {
  readonly attempts: readonly ObservedAttempt[];
  /** What prepare said, from its first attempt that has a valid result. */
  readonly prepared:
    { readonly message: UnitMessage & { stage: 'Prepare' }; readonly imageId?: string } | undefined;
  /** What finetune said. */
  readonly student: (UnitMessage & { stage: 'Finetune' }) | undefined;
  /** Jobs that have ended, and what only their pods say and is not noted down on them yet. */
  readonly unrecorded: readonly Unrecorded[];
  /** When a pod that can't be reached, or one that may be yet to come, will have been given enough time. */
  readonly changesAt: Date | undefined;
}

/**
 * The attempts at a job's units, from its Jobs and their pods. A pod whose Job is gone is an attempt that is about to
 * end: until it has, its device is not free.
 */
export function observeAttempts(input: AttemptsToObserve): ObservedAttempts {
  const jobs = observedJobs(input);
  const visible = [...jobs, ...observedOrphans(input)];
  const attempts = visible.flatMap(({ attempt }) => attempt ?? []);
  const known = new Set(attempts.map(({ unit, number }) => `${unit} ${number}`));
  const departed = input.departed
    .map(({ job }) => departedAttempt(job, input))
    .filter(({ unit, number }) => !known.has(`${unit} ${number}`));
  const heard = visible.flatMap(({ said }) => said ?? []);
  return {
    attempts: [...attempts, ...departed].toSorted((a, b) => a.number - b.number),
    prepared: preparedBy(heard),
    student: heard.map(({ message }) => message).find((message) => message.stage === 'Finetune'),
    unrecorded: jobs.flatMap((job) => unrecordedOf(job, input)),
    changesAt: nextChange(input),
  };
}

interface Visible {
  readonly attempt: ObservedAttempt | undefined;
  readonly said: Said | undefined;
}

interface VisibleJob extends Visible {
  readonly job: ChildJob;
}

function observedJobs(input: AttemptsToObserve): VisibleJob[] {
  const podsByController = Map.groupBy(input.pods, ({ controllerUid }) => controllerUid);
  return ownJobs(input).map((job) => {
    const pods = podsByController.get(job.metadata.uid) ?? [];
    const said = messageOf(job, pods, input);
    return { job, said, attempt: attemptOf(job, pods, said, input) };
  });
}

function ownJobs({ uid, jobs }: AttemptsToObserve): readonly ChildJob[] {
  return jobs.filter(({ controllerUid, identity }) => controllerUid === uid && identity !== undefined);
}

function observedOrphans(input: AttemptsToObserve): Visible[] {
  const known = new Set(ownJobs(input).map(({ metadata }) => metadata.uid));
  const orphans = input.pods.filter(
    ({ controllerUid, identity }) =>
      identity?.ownerUid === input.uid && controllerUid !== undefined && !known.has(controllerUid),
  );
  return orphans.map((pod) => {
    // Anybody can label a pod: its word counts only when it was made by a Job that was ours.
    const isOwn = input.formerJobs.has(pod.controllerUid ?? '');
    const said = isOwn ? messageOf(undefined, [pod], input) : undefined;
    return { said, attempt: orphanAttempt(pod, said, input) };
  });
}

function preparedBy(heard: readonly Said[]): ObservedAttempts['prepared'] {
  for (const { message, pod } of heard) {
    if (message.stage !== 'Prepare') continue;
    return { message, ...(pod?.imageId === undefined ? {} : { imageId: pod.imageId }) };
  }
  return undefined;
}

/** Not before its end: the controller of Jobs writes to it until then, and waits whenever somebody else has. */
function unrecordedOf(
  { job, said, attempt }: VisibleJob,
  { unseen }: AttemptsToObserve,
): readonly Unrecorded[] {
  if (job.end === undefined) return [];
  const pod = said?.pod;
  // With a Job that is going itself, the note would go, too.
  const isPodGoing =
    pod !== undefined && !job.isDeleting && (pod.deadline !== undefined || unseen.has(pod.metadata.uid));
  const about = { job, since: new Date(job.end.time), isPodGoing };
  if (said !== undefined)
    return job.result === undefined ? [{ ...about, kind: 'result', text: said.text }] : [];
  const text = attempt === undefined || job.failure !== undefined ? undefined : failureText(attempt);
  return text === undefined ? [] : [{ ...about, kind: 'failure', text }];
}

function nextChange({ pods, departed, departing, now }: AttemptsToObserve): Date | undefined {
  const abandonments = pods.flatMap(({ deadline, end }) =>
    deadline === undefined || end !== undefined ? [] : [abandonmentOf(deadline)],
  );
  // Those count though they may be over by now: it was decided on before, and has to be again.
  const departures = [...departed.map(({ until }) => until), ...departing.values()];
  const next = Math.min(
    ...abandonments.filter((time) => time > now.getTime()),
    ...departures.map((until) => until.getTime()),
  );
  return next === Infinity ? undefined : new Date(next);
}
