import { conditionsOfState } from '../../operator/decide/conditions.ts';
import { sentence } from '../../operator/decide/text.ts';
import { percent, times } from '../render/format.ts';
import { begunPods } from './pod-bars.ts';
import type { ReportInput } from './report-input.ts';
import type { Warning } from './report-schema.ts';
import type { Timeline } from './schema/timeline.ts';
import { blockChecks } from './warnings/block-checks.ts';
import { warning, type Check } from './warnings/check.ts';
import { costChecks } from './warnings/cost-checks.ts';

/** A standard error above this makes an accuracy a rough one. */
const roughStandardError = 0.01;

/** What a reader must bear in mind, in plain words; the gravest first. */
export function buildWarnings(input: ReportInput, timeline: Timeline | undefined): Warning[] {
  return checks.flatMap((check) => check(input, timeline));
}

const checks: readonly Check[] = [
  unfinished,
  statusAlone,
  conditions,
  ...blockChecks,
  fewSamples,
  noTestData,
  slowerStudent,
  ...costChecks,
];

function unfinished({ status: { phase = 'Pending', progress } }: ReportInput): Warning[] {
  if (phase === 'Complete' || phase === 'Failed') return [];
  const far = progress === undefined ? '' : `, at ${progress.percent}%`;
  return [
    warning(
      'Unfinished',
      `The job is not finished (${phase.toLowerCase()}${far}): all figures are of what has been done so far.`,
    ),
  ];
}

function statusAlone({ status, details, whyNoDetails }: ReportInput): Warning[] {
  if (details !== undefined) return [];
  const why = sentence(whyNoDetails ?? "The job's files were not read");
  return [
    warning(
      'StatusAlone',
      begunPods(status).length > 0
        ? `${why} Loss curves and costs of single blocks are missing.`
        : `${why} Loss curves, costs of single blocks and single attempts are missing; the timeline is drawn from the status.`,
    ),
  ];
}

/** What prepare and the operator warned of. */
function conditions({ status, details }: ReportInput): Warning[] {
  const prepared = [...(details?.plan?.warnings ?? []), ...(details?.profile?.warnings ?? [])];
  const held = (status.conditions ?? []).filter(
    ({ type, status: holds, reason }) =>
      holds === 'True' && !conditionsOfState.has(type) && !(reason === 'Prepare' && prepared.length > 0),
  );
  return [
    ...prepared.map((text) => warning('Prepare', sentence(text))),
    ...held.map(({ reason, message }) => warning(reason, sentence(message))),
  ];
}

function fewSamples({ status: { student } }: ReportInput): Warning[] {
  const chosen = student?.stages?.find(({ stage }) => stage === student.chosen)?.accuracy;
  const [figure, split] =
    chosen?.test === undefined ? [chosen?.validation, 'validation'] : [chosen.test, 'test'];
  if (figure === undefined || figure.standardError <= roughStandardError) return [];
  const error = percent(figure.standardError, 1).replace('%', ' points');
  return [
    warning(
      'FewSamples',
      `Accuracy was measured on ${figure.samples} ${split} samples: the standard error is ${error}, so smaller differences mean nothing.`,
    ),
  ];
}

function noTestData({ status: { teacher, student } }: ReportInput): Warning[] {
  const tested = student?.stages?.some(({ accuracy }) => accuracy.test !== undefined) ?? true;
  if (tested) return [];
  const why = teacher?.accuracy?.reason;
  return [
    warning(
      'NoTestData',
      `There is no accuracy on unseen data${why === undefined ? '' : ` (${why})`}: figures on the validation split flatter, because choices were made on it.`,
    ),
  ];
}

function slowerStudent({ status: { teacher, student } }: ReportInput): Warning[] {
  const slower = (teacher?.latency ?? []).flatMap(({ batchSize, milliseconds }) => {
    const own = student?.latency?.find((latency) => latency.batchSize === batchSize)?.milliseconds;
    return own !== undefined && own > milliseconds
      ? [`${times(own / milliseconds)} slower at batch ${batchSize}`]
      : [];
  });
  return slower.length === 0
    ? []
    : [
        warning(
          'SlowerStudent',
          `The student is ${slower.join(', ')} than the teacher, though it does less work: it has more operations, each with its own overhead.`,
        ),
      ];
}
