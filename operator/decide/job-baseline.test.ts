import { describe, expect, it } from 'vitest';
import type { BaselineStatus, DistillationJobStatus } from '../../crds/status.ts';
import { status as statusSchema } from '../../crds/status.ts';
import {
  anObserved,
  anUnpreparedJob,
  at,
  distilled,
  failed,
  finetuned,
  measured,
  running,
  unmetered,
  podOf,
} from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

const policy = { ...anObserved().policy, baseline: { mode: 'Measure' } } as const;

/** A job of three blocks that asks for a serial run. */
function asking(attempts: readonly ObservedAttempt[] = [], change: Partial<Observed> = {}): Observed {
  return anObserved(attempts, { policy, ...change });
}

/** Ten seconds each, side by side. */
const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];

/** Less than the units took together, as if they had slowed each other down: 24 s, long before they began. */
const serial = measured([-100, -76]);

function created(observed: Observed): string[] {
  return decide(observed, at(20)).create.map(({ unit }) => unit);
}

function statusOf(observed: Observed): DistillationJobStatus {
  return decide(observed, at(20)).status;
}

function messageOf(observed: Observed): string | undefined {
  return statusOf(observed).conditions?.find(({ type }) => type === 'Ready')?.message;
}

describe('a serial run', () => {
  it('comes before the units, with all blocks in one unit', () => {
    expect(decide(asking(), at(20)).create).toEqual([
      {
        unit: 'baseline',
        stage: 'Baseline',
        index: 0,
        attemptNumber: 1,
        plan: anObserved().prepared?.reference,
        blocks: ['a', 'b', 'c'],
      },
    ]);
    expect(created(anUnpreparedJob([], { policy }))).toEqual(['prepare']);
  });

  it('is alone: units wait for its end, and it waits for theirs', () => {
    expect(created(asking([running('baseline')]))).toEqual([]);
    expect(created(asking([running('unit-000')]))).toEqual([]);
    expect(created(asking([serial]))).toEqual(['unit-002', 'unit-001', 'unit-000']);
  });

  it('says what goes on', () => {
    expect(messageOf(asking())).toContain('is about to start, before the units');
    expect(messageOf(asking([running('baseline')]))).toContain('goes on; the units start after it');
    expect(messageOf(asking([running('unit-000')]))).toContain('waits for 1 of 3 units');
    expect(statusOf(asking([running('baseline')]))).toMatchObject({
      phase: 'Distilling',
      baseline: { mode: 'Measure', state: 'Running', attempts: 1, startTime: at(0).toISOString() },
    });
  });

  it('is part of the work that is left', () => {
    const [asked, plain] = [statusOf(asking()), statusOf(anObserved())];
    // Steps of 1, 2 and 3 s, ten of each: 60 s in one process, after which the longest unit takes 30.
    expect(asked.progress?.etaSeconds).toBe(60 + (plain.progress?.etaSeconds ?? 0));
    expect(statusOf(asking([serial])).progress?.percent).toBeGreaterThan(plain.progress?.percent ?? 0);
  });

  it('is tried again like any unit, and stands still with its job', () => {
    const [first] = decide(asking([failed('baseline')]), at(21)).create;
    expect(first).toMatchObject({ unit: 'baseline', attemptNumber: 2 });
    const stop = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;
    expect(decide(asking([running('baseline')], { stop }), at(20)).remove).toEqual([
      { unit: 'baseline', id: 'baseline-1' },
    ]);
  });

  it('is not made again when nothing is left of it but what the status says', () => {
    const previous = statusOf(asking([serial]));
    expect(created(asking([], { previous }))).toEqual(['unit-002', 'unit-001', 'unit-000']);
    expect(statusOf(asking([], { previous })).baseline).toEqual(previous.baseline);
  });

  it('that failed for good is made again only when the user asks for another try', () => {
    const lost = { policy: { ...policy, backoffLimit: 0 } };
    const previous = { ...statusOf(asking([failed('baseline')], lost)), retry: 0 };
    expect(previous.baseline?.state).toBe('Unknown');
    expect(created(asking([], { ...lost, previous }))).toHaveLength(3);
    expect(created(asking([], { ...lost, previous, retry: 1 }))).toEqual(['baseline']);
  });

  it('asked for when all units are done comes before finetune', () => {
    expect(created(asking(three))).toEqual(['baseline']);
    expect(statusOf(asking(three)).phase).toBe('Distilling');
    expect(created(asking([serial, ...three]))).toEqual(['finetune']);
  });

  it('is nowhere to be seen where nobody asked for it', () => {
    const { baseline, ...rest } = statusOf(anObserved([...three, finetuned()]));
    expect(baseline).toBeUndefined();
    const none = anObserved([...three, finetuned()], {
      policy: { ...anObserved().policy, baseline: { mode: 'None' } },
    });
    expect(statusOf(none)).toEqual(rest);
  });
});

/** From second 0 on. */
function lasting(attempt: ObservedAttempt, seconds: number): ObservedAttempt {
  const { result } = attempt;
  if (result === undefined) throw new Error('Only a result says how long it took.');
  return { ...attempt, endTime: at(seconds), result: { ...result, value: { ...result.value, seconds } } };
}

describe('a speedup against a serial run', () => {
  const { speedup, baseline } = statusOf(asking([serial, ...three]));

  it('is measured, with the work that parallel units cost more', () => {
    expect(baseline).toMatchObject({ state: 'Known', seconds: 24, attempts: 1 });
    expect(speedup).toMatchObject({
      value: 2.4,
      basis: 'Measured',
      serialSeconds: 24,
      parallelSeconds: 10,
      workers: 3,
      balance: 1,
      workInflation: 1.25,
      devices: ['CPU'],
    });
    expect(speedup?.reason).toBeUndefined();
  });

  it.each([
    { serialEnd: -90, ends: [10, 10, 10] },
    { serialEnd: -37, ends: [10, 7, 3] },
    { serialEnd: 0, ends: [3, 4, 50] },
  ])('is N x balance / inflation, and counts none of it: $serialEnd, $ends', ({ serialEnd, ends }) => {
    const units = three.map((attempt, index) => lasting(attempt, ends[index] ?? 0));
    const figures = statusOf(asking([measured([-100, serialEnd]), ...units])).speedup;
    const { value = 0, workers = 0, balance = 0, workInflation = 0 } = figures ?? {};
    expect((workers * balance) / workInflation / value).toBeCloseTo(1, 3);
    // Busy seconds are those of the units alone.
    const busy = ends.reduce((total, end) => total + end, 0);
    expect(workInflation / (busy / (100 + serialEnd))).toBeCloseTo(1, 3);
  });

  it('is an estimate when the run failed for good, and the job goes on', () => {
    const lost = { policy: { ...policy, backoffLimit: 0 } };
    const observed = asking([failed('baseline', { message: 'Out of memory.' }), ...three], lost);
    const { phase, speedup: estimate, baseline: given } = statusOf(observed);
    expect(phase).toBe('Finetuning');
    expect(given).toMatchObject({
      state: 'Unknown',
      seconds: 10,
      reason: 'The serial run to measure against failed for good: Out of memory.',
    });
    expect(estimate).toMatchObject({ basis: 'Estimated' });
    expect(estimate?.reason).toContain('failed for good: Out of memory.');
    expect(created(asking([failed('baseline', { exitCode: 64 })]))).toHaveLength(3);
  });

  it.each([
    { of: 'a pod that was replaced', change: { seconds: 80 }, why: 'accounts for more time than' },
    { of: 'a checkpoint', change: { earlierEnergy: [] }, why: 'was interrupted and repeated' },
  ])('is an estimate when the run lost work of which only $of tells', ({ change, why }) => {
    const status = statusOf(asking([measured([-100, -76], change), ...three]));
    expect(status.baseline).toMatchObject({ state: 'Unknown' });
    expect(status.baseline?.reason).toContain(why);
    expect(status.speedup?.basis).toBe('Estimated');
  });

  it('is unknown when attempts at units are gone, or a pod of one was replaced', () => {
    const gone = { ...three[0]!, number: 2 };
    const replaced = lasting(three[0]!, 10);
    const { result } = replaced;
    const longer = { ...replaced, result: { ...result!, value: { ...result!.value, seconds: 80 } } };
    for (const [first, why] of [
      [gone, 'not known of all attempts at unit-000 how long they ran'],
      [longer, 'The result of unit-000 accounts for more time than its attempts were seen to run'],
    ] as const) {
      const figures = statusOf(asking([serial, first, ...three.slice(1)])).speedup;
      expect(figures).not.toHaveProperty('value');
      expect(figures?.reason).toContain(why);
    }
  });

  it('is an estimate when the run lost work, which would have made it longer', () => {
    const again = { ...serial, id: 'baseline-2', number: 2 };
    const killed = failed('baseline', { startTime: at(-120), endTime: at(-110), state: 'Interrupted' });
    const status = statusOf(asking([killed, again, ...three]));
    expect(status.baseline).toMatchObject({ state: 'Unknown', seconds: 34, attempts: 2 });
    expect(status.baseline?.reason).toContain('had to be tried more than once');
    expect(status.speedup?.basis).toBe('Estimated');
  });

  it('is an estimate when a unit failed that the serial run has trained', () => {
    const keeping = { policy: { ...policy, onUnitFailure: 'KeepTeacher', backoffLimit: 0 } } as const;
    const [a, b] = three;
    const units = [a, b].flatMap((each) => each ?? []);
    const status = statusOf(asking([serial, ...units, failed('unit-002')], keeping));
    expect(status.speedup).toMatchObject({ basis: 'Estimated' });
    expect(status.speedup?.reason).toContain('1 of 3 units failed');
  });

  it('says that there is none when the job ended before it', () => {
    const { baseline: given, phase } = statusOf(asking([...three, finetuned()]));
    expect([phase, given?.state, given?.reason]).toEqual([
      'Complete',
      'Unknown',
      'The job ended before the serial run did.',
    ]);
  });
});

describe('what there is to be told of it', () => {
  const previous = statusOf(asking([running('baseline')]));
  const reasons = (observed: Observed) => decide(observed, at(20)).events.map(({ reason }) => reason);

  it('is an event, once', () => {
    const observed = asking([serial], { previous });
    expect(decide(observed, at(20)).events).toContainEqual({
      type: 'Normal',
      reason: 'BaselineKnown',
      message: 'Speedup is measured against a serial run of 24 s.',
    });
    expect(reasons(asking([serial], { previous: statusOf(observed) }))).toEqual([]);
  });

  it('is a warning when it is not to be had', () => {
    expect(reasons(asking([failed('baseline', { exitCode: 64 })], { previous }))).toEqual([
      'BaselineUnknown',
    ]);
  });
});

/** What its worker drew on one GPU. */
function drew(attempt: ObservedAttempt, joules: number): ObservedAttempt {
  const { result } = attempt;
  if (result === undefined) throw new Error('Only a result has joules.');
  const platform = { ...result.value.platform, device: 'GPU' as const, deviceName: 'GPU' };
  const device = `GPU-${attempt.unit}`;
  const energy = [
    { ...unmetered, device, kind: 'GPU' as const, model: 'H100', joules, method: 'Counter' as const },
  ];
  const value = { ...result.value, energy, platform } as typeof result.value;
  return { ...attempt, device, result: { ...result, value } };
}

/** Polled power that is always the same. */
function steady(watts: number) {
  return {
    energyOf: ({ start, end }: { start: number; end: number }) => ({
      joules: watts * (end - start),
      gaps: 0,
    }),
  };
}

/** What its worker read of the processor, whoever else ran on it. */
function withProcessor(attempt: ObservedAttempt, joules: number): ObservedAttempt {
  const { result } = attempt;
  if (result === undefined) throw new Error('Only a result has joules.');
  const { reason: _, ...reading } = unmetered;
  const energy = [
    ...result.value.energy,
    { ...reading, device: 'package-0', joules, method: 'Counter' as const },
  ];
  const value = { ...result.value, energy } as typeof result.value;
  return { ...attempt, result: { ...result, value } };
}

describe('the energy', () => {
  const units = three.map((attempt) => drew(attempt, 3000));
  const [prepare] = anObserved().attempts;
  const whole = [drew(prepare!, 1000), drew(serial, 10_000), ...units];
  const status = (attempts: readonly ObservedAttempt[]) => statusOf({ ...asking(), attempts });

  it('of the serial run is no part of that of the job, and the saving is that of the distill stage', () => {
    const { energy, summary, baseline } = status(whole);
    expect(energy).toMatchObject({
      joules: 10_000,
      greenup: 1.111,
      savingPercent: 10,
      formula: '100 x (1 - EN / E1), EN = 9 kJ, E1 = 10 kJ: GPU in use, distill stage',
    });
    expect(baseline).toMatchObject({ joules: 10_000, coverage: ['GPU'] });
    expect(summary).toMatchObject({ saving: '10%', speedup: '2.4x' });
  });

  it('is not compared before all units are done', () => {
    const { energy } = status(whole.slice(0, -1));
    expect(energy?.savingPercent).toBeUndefined();
    expect(energy?.reason).toBe('No saving is known: 1 of 3 units to compare are not done.');
  });

  it('is not compared where an attempt was lost, which the saving would leave out', () => {
    const killed = failed('unit-000', { state: 'Interrupted', endTime: at(-1), startTime: at(-9) });
    const { energy } = status([...whole.slice(0, 2), killed, { ...units[0]!, number: 2 }, ...units.slice(1)]);
    expect(energy?.joules).toBe(10_000);
    expect(energy).not.toHaveProperty('savingPercent');
    expect(energy?.reason).toContain('No saving is known: it is not known of all attempts what they drew.');
  });

  const sharing = { kind: 'Shared', reason: 'the GPUs of node a are time-sliced' } as const;

  it.each([
    { of: 'the serial run', attempt: whole[1]! },
    { of: 'a unit', attempt: units[2]! },
  ])('is not compared where others shared the GPU of $of', ({ attempt }) => {
    const runs = [podOf(attempt, { sharing })];
    const { energy } = statusOf({ ...asking(), attempts: whole, runs });
    expect(energy).not.toHaveProperty('savingPercent');
    expect(energy?.reason).toContain('time-sliced');
  });

  it('of whole nodes leaves out the time of the serial run', () => {
    const power = steady(100);
    const names = ['GPU-idle', 'GPU-prepare', 'GPU-unit-000', 'GPU-unit-001', 'GPU-unit-002'];
    const devices = names.map((device) => ({ device, kind: 'GPU' as const, power }));
    const nodeWide = { devices, reserved: [], problems: [] };
    // Ten seconds, of which three belong to the serial run.
    const within = { ...whole[1]!, startTime: at(2), endTime: at(5) };
    const attempts = [whole[0]!, within, ...units];
    const { energy } = statusOf({ ...asking([], { nodeWide }), attempts });
    expect(energy).toMatchObject({ usedDevices: 10_000, dedicatedNode: 10_700 });
    // What an attempt without a result drew would be called idle.
    const killed = failed('unit-000', { state: 'Interrupted', endTime: at(-1), startTime: at(-9) });
    const again = [whole[0]!, within, killed, { ...units[0]!, number: 2 }, ...units.slice(1)];
    const lossy = statusOf({ ...asking([], { nodeWide }), attempts: again }).energy;
    expect(lossy?.usedDevices).toBe(10_000);
    expect(lossy).not.toHaveProperty('dedicatedNode');
  });

  it('of whole nodes, and of a processor that units share, is compared as a source has seen it', () => {
    const names = ['idle', 'prepare', 'baseline', 'unit-000', 'unit-001', 'unit-002'];
    const cards = names.map((name) => ({ device: `GPU-${name}`, kind: 'GPU' as const, power: steady(100) }));
    const processor = { device: 'package-0', kind: 'CPU' as const, power: steady(500) };
    const nodeWide = { devices: [...cards, processor], reserved: [], problems: [] };
    const attempts = whole.map((attempt, index) => withProcessor(attempt, index === 1 ? 12_000 : 5000));
    const { energy, baseline } = statusOf({ ...asking([], { nodeWide }), attempts });
    // The serial run took 24 seconds: its card, five idle ones, and the processor.
    expect(baseline).toMatchObject({ joules: 22_000, dedicatedNode: 22_000 + 5 * 2400 });
    // The units took ten: three cards, three idle ones, and the processor once.
    expect(energy).toMatchObject({ greenup: 1.571, greenupDedicatedNode: 2 });
  });

  it('saves nothing that is known where the serial run had no meter', () => {
    const { energy, baseline, summary } = status([drew(prepare!, 1000), serial, ...units]);
    expect(baseline).toMatchObject({ state: 'Known', reason: 'What it drew is unknown: CPU: no meter.' });
    expect(energy?.reason).toBe('No saving is known. What it drew is unknown: CPU: no meter.');
    expect(summary?.saving).toBeUndefined();
  });
});

it('is something that a status can hold, however it ends', () => {
  const ends: readonly (readonly ObservedAttempt[])[] = [
    [],
    [running('baseline')],
    [serial, ...three, finetuned()],
    [failed('baseline', { exitCode: 64, message: 'x'.repeat(5000) })],
  ];
  const states: (BaselineStatus['state'] | undefined)[] = [];
  for (const attempts of ends) {
    const status = statusOf(asking(attempts));
    expect(statusSchema.safeParse(status).error?.issues ?? []).toEqual([]);
    states.push(status.baseline?.state);
  }
  expect(states).toEqual(['Pending', 'Running', 'Known', 'Unknown']);
});
