import { expect, describe, it } from 'vitest';
import { status as statusSchema, type DistillationJobStatus } from '../../crds/status.ts';
import { anObserved, at, distilled, failed, running } from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

type Memory = Pick<DistillationJobStatus, 'retry' | 'suspensions' | 'activity'>;

interface Look {
  readonly seconds: number;
  readonly attempts: readonly ObservedAttempt[];
  readonly change?: Partial<Observed>;
  /** What the status says after it, for the next look. */
  readonly memory: Memory;
}

const time = (seconds: number): string => at(seconds).toISOString();
const stop = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;
const done = (unit: string, block: string, [from, to]: readonly [number, number]): ObservedAttempt => ({
  ...distilled(unit, block),
  startTime: at(from),
  endTime: at(to),
});
const interrupted = (from: number, to: number, change: Partial<ObservedAttempt> = {}): ObservedAttempt =>
  running('unit-000', { state: 'Interrupted', startTime: at(from), endTime: at(to), ...change });

/** What an operator decides that knows of earlier looks only what the API server has kept of the status. */
function lookAgain(
  { seconds, attempts, change }: Look,
  status: DistillationJobStatus | undefined,
): DistillationJobStatus {
  const { suspensions: _, ...rest } = anObserved(attempts, change);
  const previous =
    status === undefined ? {} : { previous: statusSchema.parse(JSON.parse(JSON.stringify(status))) };
  return decide({ ...rest, ...previous }, at(seconds)).status;
}

const memoryOf = ({ retry, suspensions, activity }: DistillationJobStatus): Memory => ({
  ...(retry === undefined ? {} : { retry }),
  ...(suspensions === undefined ? {} : { suspensions }),
  ...(activity === undefined ? {} : { activity }),
});

// Before each of them prepare ran for 10 s, until second 0.
const suspended: readonly Look[] = [
  {
    seconds: 5,
    attempts: [running('unit-000')],
    memory: { retry: 0, activity: { seconds: 10, since: time(0) } },
  },
  {
    seconds: 8,
    attempts: [running('unit-000')],
    change: { stop },
    memory: { retry: 0, activity: { seconds: 10, since: time(0) } },
  },
  {
    seconds: 12,
    attempts: [done('unit-000', 'a', [0, 10])],
    change: { stop },
    memory: {
      retry: 0,
      suspensions: [{ startTime: time(12) }],
      activity: { seconds: 20, until: time(10) },
    },
  },
  {
    seconds: 30,
    attempts: [done('unit-000', 'a', [0, 10])],
    change: { stop },
    memory: {
      retry: 0,
      suspensions: [{ startTime: time(12) }],
      activity: { seconds: 20, until: time(10) },
    },
  },
  {
    seconds: 42,
    attempts: [done('unit-000', 'a', [0, 10])],
    memory: {
      retry: 0,
      suspensions: [{ startTime: time(12), endTime: time(42) }],
      activity: { seconds: 20, until: time(10) },
    },
  },
  {
    seconds: 61,
    attempts: [done('unit-000', 'a', [0, 10]), running('unit-001', { startTime: at(60) })],
    memory: {
      retry: 0,
      suspensions: [{ startTime: time(12), endTime: time(42) }],
      activity: { seconds: 20, since: time(60) },
    },
  },
  {
    seconds: 75,
    attempts: [
      done('unit-000', 'a', [0, 10]),
      done('unit-001', 'b', [60, 70]),
      done('unit-002', 'c', [60, 70]),
    ],
    memory: {
      retry: 0,
      suspensions: [{ startTime: time(12), endTime: time(42) }],
      activity: { seconds: 30, until: time(70) },
    },
  },
];

const stories: readonly { readonly of: string; readonly looks: readonly Look[] }[] = [
  { of: 'a suspension and what ran around it', looks: suspended },
  {
    of: 'what attempts took that are gone',
    looks: [
      {
        seconds: 50,
        attempts: [running('unit-000')],
        memory: { retry: 0, activity: { seconds: 10, since: time(0) } },
      },
      {
        seconds: 70,
        attempts: [interrupted(0, 60)],
        memory: { retry: 0, activity: { seconds: 70, until: time(60) } },
      },
      {
        seconds: 500,
        attempts: [],
        memory: { retry: 0, activity: { seconds: 70, until: time(60) } },
      },
      {
        seconds: 610,
        attempts: [running('unit-000', { number: 2, startTime: at(600) })],
        memory: { retry: 0, activity: { seconds: 70, since: time(600) } },
      },
    ],
  },
  {
    of: 'a new try, for which only what runs since then counts',
    looks: [
      {
        seconds: 20,
        attempts: [failed('unit-000')],
        memory: { retry: 0, activity: { seconds: 20, until: time(10) } },
      },
      {
        seconds: 30,
        attempts: [failed('unit-000')],
        change: { retry: 1 },
        memory: { retry: 1, activity: { seconds: 0, until: time(10) } },
      },
      {
        seconds: 50,
        attempts: [failed('unit-000'), running('unit-000', { number: 2, retry: 1, startTime: at(40) })],
        change: { retry: 1 },
        memory: { retry: 1, activity: { seconds: 0, since: time(40) } },
      },
      {
        seconds: 90,
        attempts: [failed('unit-000'), interrupted(40, 80, { number: 2, retry: 1 })],
        change: { retry: 1 },
        memory: { retry: 1, activity: { seconds: 40, until: time(80) } },
      },
      {
        seconds: 900,
        attempts: [],
        change: { retry: 1 },
        memory: { retry: 1, activity: { seconds: 40, until: time(80) } },
      },
    ],
  },
];

describe('the status as the only memory', () => {
  it.each(stories)('keeps $of', ({ looks }) => {
    let status: DistillationJobStatus | undefined;
    for (const look of looks) {
      status = lookAgain(look, status);
      expect(memoryOf(status), `${look.seconds} s`).toEqual(look.memory);
      // Looked at once more nothing is counted twice.
      status = lookAgain(look, status);
      expect(memoryOf(status), `${look.seconds} s again`).toEqual(look.memory);
    }
  });

  it('leaves a suspension out of the time that units took in parallel', () => {
    let status: DistillationJobStatus | undefined;
    for (const look of suspended) status = lookAgain(look, status);
    // From 0 to 70 s, without 30 s.
    expect(status?.speedup?.parallelSeconds).toBe(40);
  });

  it('ends a job at its deadline for what it ran in all, long after the attempts are gone', () => {
    const policy = { onUnitFailure: 'Fail', backoffLimit: 3, activeDeadlineSeconds: 100 } as const;
    const change = { policy };
    const memory = {};
    const before = lookAgain({ seconds: 70, attempts: [interrupted(0, 60)], change, memory }, undefined);
    const again = [running('unit-000', { number: 2, startTime: at(1000) })];
    const soon = lookAgain({ seconds: 1029, attempts: again, change, memory }, before);
    expect(soon.phase).toBe('Distilling');
    expect(lookAgain({ seconds: 1030, attempts: again, change, memory }, soon).phase).toBe('Failed');
  });

  it('holds nothing of this where the observer remembers it', () => {
    const { status } = decide(anObserved([running('unit-000')]), at(5));
    expect(memoryOf(status)).toEqual({});
  });
});
