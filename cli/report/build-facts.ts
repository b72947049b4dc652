import type { DistillationJobStatus } from '../../crds/status.ts';
import { figure, percent, seconds, times } from '../render/format.ts';
import { energyUnits } from './energy-text.ts';
import type { ReportInput } from './report-input.ts';
import type { Fact } from './report-schema.ts';

type Speedup = NonNullable<DistillationJobStatus['speedup']>;
type Baseline = NonNullable<DistillationJobStatus['baseline']>;
type Energy = NonNullable<DistillationJobStatus['energy']>;

/** What a figure of the status is called, and how it is shown. A figure that is missing here is a type error. */
type Labels<Figures> = { readonly [Key in keyof Required<Omit<Figures, 'reason'>>]: Label<Figures[Key]> };

interface Label<Value> {
  readonly name: string;
  show(value: NonNullable<Value>): string;
  /** Why it is absent, where the status' one reason does not say it. */
  readonly otherwise?: string;
}

const unmeasured = 'Only a measured serial run can tell.';

const speedupLabels: Labels<Speedup> = {
  value: { name: 'Speedup of the distill stage', show: times },
  basis: {
    name: 'Basis',
    show: (basis) =>
      basis === 'Measured'
        ? 'measured against a serial run that took place'
        : 'estimated from the useful seconds',
  },
  serialSeconds: { name: 'Serial time (T1)', show: seconds },
  parallelSeconds: { name: 'Parallel time (TN)', show: seconds },
  queueSeconds: {
    name: 'Of that, waiting for a device',
    show: seconds,
    otherwise: 'Nobody has recorded how long units waited for a device.',
  },
  workers: { name: 'Workers at once (N)', show: String },
  ceiling: { name: 'Ceiling: all unit times / the longest', show: times },
  balance: { name: 'Balance: busy time / (N x TN)', show: (share) => percent(share, 1) },
  workInflation: { name: 'Work inflation: busy time / T1', show: figure, otherwise: unmeasured },
  savedWork: { name: 'Work saved against recomputing the teacher for every block', show: times },
  endToEnd: { name: 'Speedup with prepare and finetune', show: times },
  devices: { name: 'Measured on', show: (models) => models.join(', ') },
};

const baselineLabels: Labels<Baseline> = {
  mode: {
    name: 'Asked for',
    show: (mode) => (mode === 'Measure' ? 'a serial run of this job' : 'another job'),
  },
  state: { name: 'State', show: (state) => state.toLowerCase() },
  jobName: { name: 'Job', show: String, otherwise: 'It is a serial run of this job.' },
  jobUid: { name: 'Identity of its run', show: String },
  seconds: { name: 'Time on one device', show: seconds },
  joules: { name: 'Energy, no part of that of the job', show: energyUnits },
  dedicatedNode: { name: 'Dedicated nodes: all their devices, idle ones included', show: energyUnits },
  coverage: { name: 'What is in the energy', show: (parts) => parts.join(', ') },
  attempts: { name: 'Attempts', show: String },
  startTime: { name: 'Began', show: String },
  completionTime: { name: 'Ended', show: String },
};

const energyLabels: Labels<Energy> = {
  joules: { name: 'Energy', show: energyUnits },
  byDevice: { name: 'Devices with a meter', show: (devices) => String(devices.length) },
  usedDevices: { name: 'Used devices: while units ran on them', show: energyUnits },
  dedicatedNode: { name: 'Dedicated nodes: all their devices, idle ones included', show: energyUnits },
  retriedJoules: { name: 'Attempts without a result', show: energyUnits },
  idleReservedJoules: { name: 'Reserved but idle devices', show: energyUnits },
  idleReservedEstimated: { name: 'Idle energy is an estimate', show: (is) => (is ? 'yes' : 'no') },
  method: {
    name: 'Method',
    show: (method) => (method === 'Counter' ? "the devices' energy counters" : 'polled power, integrated'),
  },
  coverage: { name: 'What is in the figures', show: (parts) => parts.join(', ') },
  greenup: { name: 'Greenup: baseline energy / energy', show: times, otherwise: unmeasured },
  savingPercent: {
    name: 'Energy saving',
    show: (value) => `${value.toFixed(1)}%`,
    otherwise: unmeasured,
  },
  greenupDedicatedNode: { name: 'Greenup of dedicated nodes', show: times, otherwise: unmeasured },
  savingPercentDedicatedNode: {
    name: 'Energy saving of dedicated nodes',
    show: (value) => `${value.toFixed(1)}%`,
    otherwise: unmeasured,
  },
  formula: { name: 'Formula of the saving', show: String, otherwise: unmeasured },
  gaps: { name: 'Intervals without a reading', show: String },
};

/** All figures that stand in no other table, those of speedup and energy among them. */
export function buildFacts(input: ReportInput): Fact[] {
  const { baseline, speedup, energy } = input.status;
  return [
    // Most jobs have none, and then there is nothing to say of it.
    ...(baseline === undefined
      ? []
      : labelled('Baseline', baseline, baselineLabels).filter(({ value }) => value !== null)),
    ...labelled('Speedup', speedup, speedupLabels),
    ...efficiency(speedup),
    ...labelled('Energy', energy, energyLabels),
    ...powerup(speedup, energy),
    ...dataFacts(input),
    ...originFacts(input),
  ];
}

function labelled<Figures extends { reason?: string | undefined }>(
  group: string,
  figures: Figures | undefined,
  labels: Labels<Figures>,
): Fact[] {
  const entries = Object.entries(labels) as [keyof Figures & string, Label<unknown>][];
  return entries.map(([key, { name, show, otherwise }]) => {
    const value: unknown = figures?.[key];
    const known = value !== undefined && value !== null;
    const reason = otherwise ?? figures?.reason ?? 'The status does not say.';
    return { group, name, value: known ? show(value) : null, reason: known ? null : reason };
  });
}

function efficiency(speedup: Speedup | undefined): Fact[] {
  const { value, workers } = speedup ?? {};
  const known = value !== undefined && workers !== undefined;
  return [
    fact(
      'Speedup',
      'Efficiency: speedup / N',
      known ? percent(value / workers, 1) : undefined,
      speedup?.reason ?? 'The speedup is unknown.',
    ),
  ];
}

function powerup(speedup: Speedup | undefined, energy: Energy | undefined): Fact[] {
  const known = speedup?.value !== undefined && energy?.greenup !== undefined;
  return [
    fact(
      'Energy',
      'Powerup: speedup / greenup',
      known ? times((speedup.value ?? 0) / (energy.greenup ?? 1)) : undefined,
      unmeasured,
    ),
  ];
}

function dataFacts({ details, whyNoDetails }: ReportInput): Fact[] {
  const noFiles =
    details === undefined ? (whyNoDetails ?? "The job's files were not read.") : 'There is no plan yet.';
  const dataset = details?.plan?.dataset;
  const samples = dataset?.samples;
  const bytes = (of: number | undefined): string | undefined =>
    of === undefined || of === 0 ? undefined : `${(of / 1e6).toPrecision(3)} MB`;
  const student = details?.finetune?.artifacts.filter(({ path }) =>
    /(^|\/)(model\.json|[^/]*\.bin)$/.test(path),
  );
  return [
    fact('Data', 'Training samples', samples?.train.toString(), noFiles),
    fact('Data', 'Validation samples', samples?.validation.toString(), noFiles),
    fact(
      'Data',
      'Test samples',
      samples?.test?.toString(),
      details?.plan?.teacher.accuracy.reason ?? noFiles,
    ),
    fact(
      'Data',
      'Classes',
      dataset?.classes?.toString(),
      dataset === undefined ? noFiles : 'The data has no labels.',
    ),
    fact(
      'Data',
      "Student's files",
      bytes(student?.reduce((sum, { bytes: size }) => sum + size, 0)),
      details === undefined
        ? noFiles
        : student === undefined
          ? 'There is no student yet.'
          : 'Its result lists no files of a model.',
    ),
  ];
}

function originFacts({ job, status, details, whyNoDetails }: ReportInput): Fact[] {
  const noFiles =
    details === undefined
      ? (whyNoDetails ?? "The job's files were not read.")
      : 'No unit has committed a result.';
  const results = [
    details?.prepare,
    details?.baseline,
    ...(details?.distill ?? []),
    details?.finetune,
  ].flatMap((result) => result ?? []);
  const every = (of: (result: (typeof results)[number]) => string): string | undefined =>
    results.length === 0 ? undefined : [...new Set(results.map(of))].join('; ');
  const add = (name: string, value: string | undefined, reason = noFiles): Fact =>
    fact('Origin', name, value, reason);
  return [
    add('Identity of the run', job.uid),
    add('Seed', (details?.plan?.seed ?? details?.spec?.execution.seed)?.toString()),
    add(
      'TensorFlow',
      every(({ platform }) => platform.tensorflow),
    ),
    add(
      'Devices',
      every(({ platform }) => platform.deviceName),
    ),
    add(
      'Precision',
      every(({ platform }) => platform.precision),
    ),
    add(
      'Threads a worker',
      every(({ platform }) => `${platform.threads}`),
    ),
    add(
      'Bits are reproducible',
      every(({ platform }) => (platform.reproducible ? 'yes' : 'no')),
    ),
    add('Packing', details?.spec?.execution.packing),
    add('Manifest, as far as blocks depend on it', details?.prepare?.specDigest),
    add('Plan', details?.prepare?.plan.digest),
    add('Data', details?.plan?.dataset.digest),
    add('Teacher', status.teacher?.digest, 'Prepare has not committed a plan.'),
    add('Student', status.student?.digest, 'There is no student yet.'),
    add(
      'Student is at',
      status.student?.uri,
      status.student === undefined ? 'There is no student yet.' : 'It was not published.',
    ),
  ];
}

function fact(group: string, name: string, value: string | undefined, reason: string): Fact {
  return { group, name, value: value ?? null, reason: value === undefined ? reason : null };
}
