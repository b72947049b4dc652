import type { DistillationJobStatus } from '../../crds/status.ts';
import { measureNames } from '../../operator/decide/judged-by.ts';
import { percent, points } from './format.ts';
import { table } from './table.ts';

type Status = Pick<DistillationJobStatus, 'teacher' | 'student'>;
type Accuracies = NonNullable<NonNullable<Status['teacher']>['accuracy']>;
type Accuracy = NonNullable<Accuracies['test']>;
type Stage = NonNullable<NonNullable<Status['student']>['stages']>[number];

const unknown = 'unknown';

/** What the figures of teacher and student measure, for the heading of the table. */
export function accuracyTitle(status: Status): string {
  return measureNames[measureOf(status)].title;
}

/**
 * The teacher, then each stage of the student; the one that was kept is marked, with what is needed to judge its
 * figures. Where the teacher itself is the reference, it is 100 % right.
 */
export function accuracyTable({ teacher, student }: Status): string[] {
  if (teacher?.accuracy === undefined) return [];
  const { accuracy: own } = teacher;
  const stages = student?.stages ?? [];
  const any = measureOf({ teacher, student }) === 'Top1' ? undefined : stages[0]?.accuracy;
  const reference = { validation: own.validation ?? any?.validation, test: own.test ?? any?.test };
  const rows = [
    ['', 'validation', '', 'test', ''],
    ['teacher', teacherCell(reference.validation), '', teacherCell(reference.test), '', ''],
    ...stages.map(({ stage, accuracy }) => [
      stageName(stage),
      ...cells(accuracy, reference),
      stage === student?.chosen ? '<- kept, chosen on validation' : '',
    ]),
  ];
  const reasons = [own.reason, ...stages.map(({ accuracy }) => accuracy.reason)];
  const kept = stages.find(({ stage }) => stage === student?.chosen);
  return [
    ...table(rows, { right: [1, 2, 3, 4] }),
    ...(kept === undefined ? [] : keptLines(kept)),
    ...new Set(reasons.filter((reason) => reason !== undefined)),
  ];
}

function measureOf({ teacher, student }: Status): Accuracy['measure'] {
  const all = [...(student?.stages ?? []).map(({ accuracy }) => accuracy), teacher?.accuracy];
  return all.flatMap((each) => each?.validation ?? each?.test ?? [])[0]?.measure ?? 'Top1';
}

function stageName(stage: Stage['stage']): string {
  return { Stitched: 'stitched', Recalibrated: 'recalibrated', Finetuned: 'fine-tuned' }[stage];
}

/** The teacher's value under the measure of `figure`, which is its own only where it is judged by labels. */
function teacherValue({ measure, value }: Accuracy): number {
  return measure === 'Top1' ? value : 1;
}

function teacherCell(figure: Accuracy | undefined): string {
  return figure === undefined ? unknown : percent(teacherValue(figure));
}

type Reference = Pick<Accuracies, 'validation' | 'test'>;

function cells({ validation, test }: Accuracies, reference: Reference): string[] {
  return [
    validation === undefined ? unknown : percent(validation.value),
    change(validation, reference.validation),
    test === undefined ? unknown : percent(test.value),
    change(test, reference.test),
  ];
}

function change(own: Accuracy | undefined, reference: Accuracy | undefined): string {
  if (own === undefined || reference === undefined || own.measure !== reference.measure) return '';
  return points(own.value - teacherValue(reference));
}

function keptLines({ stage, accuracy }: Stage): string[] {
  const parts = (['validation', 'test'] as const).flatMap((split) => {
    const figure = accuracy[split];
    if (figure === undefined) return [];
    const error = (100 * figure.standardError).toFixed(2);
    return [`${split} on ${figure.samples} samples, standard error ${error} points`];
  });
  return parts.length === 0 ? [] : [`${stageName(stage)}: ${parts.join('; ')}`];
}
