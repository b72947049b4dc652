import { measureNames } from '../../operator/decide/judged-by.ts';
import { shortSaving, whyNoSaving } from '../render/energy-saving.ts';
import { count, figure, percent, points, times } from '../render/format.ts';
import { kilowattHours, shortEnergy } from './energy-text.ts';
import type { ReportInput } from './report-input.ts';
import type { Headline } from './report-schema.ts';

type Status = ReportInput['status'];

/** The six figures that a reader wants first; what is unknown says why. */
export function buildHeadline({ status }: ReportInput): Headline[] {
  return [
    accuracy(status),
    reduction(status, { name: 'Size', key: 'parameters', noun: 'weights' }),
    reduction(status, { name: 'Multiplications', key: 'macs', noun: 'multiplications a sample' }),
    latency(status),
    speedup(status),
    energy(status),
  ];
}

function accuracy({ teacher, student }: Status): Headline {
  const name = 'Accuracy';
  const chosen = student?.stages?.find(({ stage }) => stage === student.chosen)?.accuracy;
  const split = chosen?.test === undefined ? 'validation' : 'test';
  const own = chosen?.[split];
  if (own === undefined)
    return {
      name,
      value: null,
      detail: student === undefined ? 'There is no student yet.' : (chosen?.reason ?? 'It was not measured.'),
    };
  const reference = teacher?.accuracy?.[split];
  const drop =
    own.measure === 'Top1' && reference?.measure === 'Top1'
      ? `${points(own.value - reference.value)} against the teacher`
      : measureNames[own.measure].title;
  const error = percent(own.standardError).replace('%', '');
  return {
    name,
    value: percent(own.value),
    detail: `${drop}; ${split}, n = ${own.samples}, standard error ${error} points`,
  };
}

interface Reduction {
  readonly name: string;
  readonly key: 'parameters' | 'macs';
  readonly noun: string;
}

function reduction({ teacher, student }: Status, { name, key, noun }: Reduction): Headline {
  const [before, after] = [teacher?.[key], student?.[key]];
  if (before === undefined || after === undefined || after === 0)
    return { name, value: null, detail: 'There is no student yet.' };
  const ratio = before / after;
  const value = ratio >= 1 ? `${times(ratio)} fewer` : `${times(1 / ratio)} more`;
  return { name, value, detail: `${count(before)} to ${count(after)} ${noun}` };
}

/** The largest batch, where a device is used best; the smallest beside it, where the overhead of operations shows. */
function latency({ teacher, student }: Status): Headline {
  const pairs = (teacher?.latency ?? [])
    .flatMap(({ batchSize, milliseconds }) => {
      const own = student?.latency?.find((each) => each.batchSize === batchSize)?.milliseconds;
      return own === undefined ? [] : [{ batchSize, before: milliseconds, after: own }];
    })
    .toSorted((a, b) => b.batchSize - a.batchSize);
  const [main, ...others] = pairs;
  if (main === undefined) return { name: 'Latency', value: null, detail: 'Finetune measures it.' };
  const text = ({ before, after }: { before: number; after: number }): string =>
    before >= after ? `${times(before / after)} faster` : `${times(after / before)} slower`;
  const last = others.at(-1);
  const rest = last === undefined ? '' : `; ${text(last)} at batch ${last.batchSize}`;
  return {
    name: 'Latency',
    value: text(main),
    detail: `${figure(main.before)} to ${figure(main.after)} ms at batch ${main.batchSize}${rest}`,
  };
}

function speedup({ speedup: of }: Status): Headline {
  const name = 'Speedup';
  const ceiling = of?.ceiling === undefined ? '' : `ceiling ${times(of.ceiling)}`;
  if (of?.value === undefined) {
    return {
      name,
      value: null,
      detail: [of?.reason ?? 'It is not known yet.', ceiling].filter(Boolean).join(' '),
    };
  }
  const basis = of.basis === 'Measured' ? 'measured' : 'estimated';
  const workers =
    of.workers === undefined ? '' : `with ${of.workers} ${of.workers === 1 ? 'worker' : 'workers'}`;
  return {
    name,
    value: `${times(of.value)} ${basis}`,
    detail: [workers, ceiling].filter(Boolean).join('; '),
  };
}

/** The joules are of all stages; what is said of a saving names the stages and devices that it is of. */
function energy({ energy: of, baseline }: Status): Headline {
  const name = 'Energy';
  if (of?.joules === undefined) return { name, value: null, detail: of?.reason ?? 'It is not known yet.' };
  const figures = [kilowattHours(of.joules), of.coverage?.join(', '), 'devices in use, all stages'];
  const detail = figures.filter((part) => part !== undefined).join('; ');
  const saving = shortSaving({ energy: of });
  const compared =
    saving !== undefined
      ? `Of the ${saving}`
      : baseline === undefined
        ? 'Saving unknown: no measured baseline'
        : whyNoSaving({ energy: of, baseline });
  return { name, value: shortEnergy(of.joules), detail: `${detail}. ${compared}` };
}
