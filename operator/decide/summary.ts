import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Accuracy } from '../../worker/contract/primitives.ts';
import { measureNames } from './judged-by.ts';
import { hasEnded } from './runs.ts';
import type { UnitViews } from './units.ts';

type Figures = Pick<DistillationJobStatus, 'progress' | 'speedup' | 'energy' | 'student'>;

const joulesAKilowattHour = 3.6e6;

/** Short texts for the columns of a listing; what is unknown is absent. */
export function summaryOf(figures: Figures, units: UnitViews): NonNullable<DistillationJobStatus['summary']> {
  const { progress, speedup, energy } = figures;
  const accuracy = accuracyText(figures.student);
  const seconds = gpuSeconds(units);
  return {
    ...(progress === undefined ? {} : { blocks: `${progress.done}/${progress.total}` }),
    ...(speedup?.value === undefined
      ? {}
      : { speedup: `${speedup.value.toFixed(1)}x${speedup.basis === 'Estimated' ? ' est.' : ''}` }),
    ...(energy?.joules === undefined
      ? {}
      : { energy: `${(energy.joules / joulesAKilowattHour).toPrecision(2)} kWh` }),
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(energy?.savingPercent === undefined ? {} : { saving: `${Math.round(energy.savingPercent)}%` }),
    ...(seconds === undefined ? {} : { gpuSeconds: seconds.toFixed(0) }),
  };
}

/** The chosen stage on test data, or on validation data and saying so. */
function accuracyText(student: DistillationJobStatus['student']): string | undefined {
  const accuracy = student?.stages?.find(({ stage }) => stage === student.chosen)?.accuracy;
  if (accuracy?.test !== undefined) return percentText(accuracy.test);
  return accuracy?.validation === undefined ? undefined : `${percentText(accuracy.validation)} val.`;
}

/** Without labels it is no accuracy, and the text says what it is. */
function percentText({ value, measure }: Accuracy): string {
  const percent = `${(100 * value).toFixed(1)}%`;
  return measure === 'Top1' ? percent : `${percent} ${measureNames[measure].short}`;
}

/** Of all attempts that had a GPU and have ended, gone or not; a job on CPUs has no such figure. */
function gpuSeconds(units: UnitViews): number | undefined {
  const seconds = [units.prepare, ...units.distill, units.finetune]
    .flatMap((unit) => unit.runs)
    .filter(({ device }) => device?.startsWith('GPU') === true)
    .filter(hasEnded)
    .map(({ start, end }) => (end.getTime() - start.getTime()) / 1000);
  return seconds.length === 0 ? undefined : seconds.reduce((total, each) => total + each, 0);
}
