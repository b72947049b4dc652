import type { DistillationJobStatus } from '../../crds/status.ts';
import type { JobEvent } from './decision.ts';
import { judgedWithoutLabels } from './judged-by.ts';
import type { Observed, ObservedAttempt } from './observed.ts';
import { prepareWarnings } from './prepare-warnings.ts';
import { firstLine } from './text.ts';
import { allUnits, attemptsCounted, type UnitView, type UnitViews } from './units.ts';

/** What is worth an event: only what changed since the status was last written. */
export function eventsOf(status: DistillationJobStatus, units: UnitViews, observed: Observed): JobEvent[] {
  return [
    ...phaseEvents(status, observed),
    ...attemptEvents(units, observed),
    ...baselineEvents(status, observed),
    ...blockEvents(status, observed),
  ];
}

function phaseEvents(status: DistillationJobStatus, observed: Observed): JobEvent[] {
  const { phase } = status;
  const { previous, policy, prepared } = observed;
  if (phase === undefined || phase === previous?.phase) return [];
  const condition = status.conditions?.find(({ type }) => type === 'Ready');
  const events: JobEvent[] = [
    { type: phase === 'Failed' ? 'Warning' : 'Normal', reason: phase, message: condition?.message ?? phase },
  ];
  const unlabelled =
    prepared === undefined
      ? undefined
      : judgedWithoutLabels(prepared.plan.dataset.classes, prepared.plan.teacher.outputShape);
  if (phase === 'Distilling' && unlabelled !== undefined) {
    events.push({ type: 'Warning', reason: 'NoLabels', message: `The data has ${unlabelled}.` });
  }
  if (phase === 'Distilling') {
    for (const message of prepareWarnings(observed))
      events.push({ type: 'Warning', reason: 'Prepare', message });
  }
  const ceiling = status.speedup?.ceiling;
  const asked = policy.maxParallel;
  if (phase === 'Distilling' && ceiling !== undefined && asked !== undefined && asked > Math.ceil(ceiling)) {
    const message = `maxParallel is ${asked}, but no more than ${Math.ceil(ceiling)} workers can help: the longest unit alone sets the time (ceiling ${ceiling.toFixed(2)}x).`;
    events.push({ type: 'Warning', reason: 'MoreWorkersThanHelp', message });
  }
  return events;
}

/** A unit has begun another attempt after one that failed, or that the cluster ended: why, and that little is lost. */
function attemptEvents(units: UnitViews, { previous }: Observed): JobEvent[] {
  return allUnits(units).flatMap((unit): JobEvent[] => {
    const begun = unit.nextNumber - 1;
    if (begun <= attemptsCounted(previous, unit)) return [];
    const last = unit.attempts.find(({ number }) => number === begun - 1);
    const what = `Attempt ${begun - 1} of ${nameOf(unit)}`;
    if (last?.state === 'Failed') {
      return [{ type: 'Warning', reason: 'AttemptFailed', message: `${what} ${endOf(last)}` }];
    }
    // Without a word of why, it was the user who stopped it.
    if (last?.state !== 'Interrupted' || last.message === undefined) return [];
    const message = `${what} ended without a result, and is followed by another: ${firstLine(last.message)}`;
    return [{ type: 'Warning', reason: 'AttemptInterrupted', message }];
  });
}

function nameOf({ name, stage, blocks }: UnitView): string {
  if (stage !== 'Distill') return name;
  return `${blocks.length === 1 ? 'block' : 'blocks'} ${blocks.join(', ')}`;
}

function endOf({ stage, exitCode, message = 'no reason given' }: ObservedAttempt): string {
  const signal = exitCode === undefined ? /\bSIG[A-Z0-9]+\b/.exec(message)?.[0] : undefined;
  if (signal === undefined) return `failed and is tried again: ${firstLine(message)}`;
  // Prepare writes no checkpoint.
  return `was killed (${signal}); it ${stage === 'Prepare' ? 'begins anew' : 'goes on from its checkpoint'}.`;
}

/** What has become of the serial run, or of the job that stands for one. */
function baselineEvents({ baseline }: DistillationJobStatus, { previous }: Observed): JobEvent[] {
  if (baseline === undefined) return [];
  const { mode, state, jobName, seconds, reason } = baseline;
  const before = previous?.baseline;
  if (before?.state === state && before.reason === reason) return [];
  if (state === 'Known') {
    const what = mode === 'Job' ? `the job ${jobName}` : 'a serial run';
    const message = `Speedup is measured against ${what} of ${seconds} s.`;
    return [{ type: 'Normal', reason: 'BaselineKnown', message }];
  }
  if (reason === undefined) return [];
  return [
    {
      type: 'Warning',
      reason: state === 'Unknown' ? 'BaselineUnknown' : 'BaselinePending',
      message: firstLine(reason),
    },
  ];
}

/** What blocks have come to since an earlier status. */
export function blockEvents(
  status: DistillationJobStatus,
  { previous }: Pick<Observed, 'previous'>,
): JobEvent[] {
  const earlier = new Map(previous?.blocks?.map((block) => [block.name, block.state]));
  return (status.blocks ?? []).flatMap((block): JobEvent[] => {
    if (earlier.get(block.name) === block.state) return [];
    switch (block.state) {
      case 'Distilled':
        return [{ type: 'Normal', reason: 'BlockDistilled', message: `Block ${block.name} is distilled.` }];
      case 'Collapsed':
      case 'Failed':
        return [
          {
            type: 'Warning',
            reason: `Block${block.state}`,
            message: `Block ${block.name} stays the teacher's: ${firstLine(block.reason ?? 'no reason given')}`,
          },
        ];
      default:
        return [];
    }
  });
}
