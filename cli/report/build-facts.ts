import type { DistillationJobStatus } from '../../crds/status.ts';
import { percent, times } from '../render/format.ts';
import {
  baselineLabels,
  energyLabels,
  speedupLabels,
  whyUnmeasured,
  type Label,
  type Labels,
} from './cost-labels.ts';
import type { ReportInput } from './report-input.ts';
import type { Fact } from './report-schema.ts';

type Speedup = NonNullable<DistillationJobStatus['speedup']>;

/** All figures that stand in no other table, those of speedup and energy among them. */
export function buildFacts(input: ReportInput): Fact[] {
  const { baseline, speedup, energy } = input.status;
  const unmeasured = whyUnmeasured(baseline);
  const oneSided =
    energy?.savingPercent === undefined
      ? unmeasured
      : 'What whole nodes drew is not known of both this job and its baseline.';
  return [
    // Most jobs have none, and then there is nothing to say of it.
    ...(baseline === undefined
      ? []
      : labelled('Baseline', baseline, baselineLabels).filter(({ value }) => value !== null)),
    ...labelled('Speedup', speedup, speedupLabels(unmeasured)),
    ...efficiency(speedup),
    ...labelled('Energy', energy, energyLabels(unmeasured, oneSided)),
    ...powerup(input.status),
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

function powerup({ speedup, energy, baseline }: ReportInput['status']): Fact[] {
  const known = speedup?.value !== undefined && energy?.greenup !== undefined;
  return [
    fact(
      'Energy',
      'Powerup: speedup / greenup',
      known ? times((speedup.value ?? 0) / (energy.greenup ?? 1)) : undefined,
      whyUnmeasured(baseline) ??
        (energy?.greenup === undefined ? energy : speedup)?.reason ??
        'The status does not say.',
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
