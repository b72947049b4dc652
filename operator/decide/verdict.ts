import type { DistillFacts } from '../../worker/contract/unit-facts.ts';
import type { Observed } from './observed.ts';
import { deadlineMessage } from './deadline.ts';
import { firstLine } from './text.ts';
import type { UnitView, UnitViews } from './units.ts';

/** Whether the job is over, and how. */
export type Verdict =
  | { readonly kind: 'Open' }
  | { readonly kind: 'Complete'; readonly message: string }
  | { readonly kind: 'Failed'; readonly reason: FailureReason; readonly message: string };

export type FailureReason =
  'InvalidInput' | 'UnitFailed' | 'NothingReplaced' | 'NotAccepted' | 'DeadlineExceeded';

/** Judges the job. What is committed is judged before what went wrong elsewhere: a student that is there counts. */
export function judge(units: UnitViews, observed: Observed, now: Date): Verdict {
  return (
    finetuneVerdict(units) ??
    invalidInput(units) ??
    unitFailed(units, observed) ??
    nothingReplaced(units) ??
    deadlineExceeded(observed, now) ?? { kind: 'Open' }
  );
}

function finetuneVerdict({ finetune: { state } }: UnitViews): Verdict | undefined {
  if (state.kind !== 'Done' || state.result.value.stage !== 'Finetune') return undefined;
  const result = state.result.value;
  if (result.accepted) {
    const replaced = result.blocks.filter((block) => block.replaced).length;
    const place = result.student.uri === null ? '' : ` and is at ${result.student.uri}`;
    return {
      kind: 'Complete',
      message: `The student has ${replaced} of ${result.blocks.length} blocks replaced${place}.`,
    };
  }
  const nothing = result.blocks.every((block) => !block.replaced);
  const why = result.reason ?? 'The student is worse than spec.acceptance allows.';
  return {
    kind: 'Failed',
    reason: nothing ? 'NothingReplaced' : 'NotAccepted',
    message: `${why} The student is kept for inspection in the exchange, beside ${state.result.reference.path}.`,
  };
}

function invalidInput(units: UnitViews): Verdict | undefined {
  for (const unit of all(units)) {
    if (unit.state.kind === 'Invalid') {
      return { kind: 'Failed', reason: 'InvalidInput', message: `${nameOf(unit)}: ${unit.state.message}` };
    }
  }
  return undefined;
}

function unitFailed(units: UnitViews, { policy }: Observed): Verdict | undefined {
  const fatal = policy.onUnitFailure === 'Fail' ? all(units) : [units.prepare, units.finetune];
  for (const unit of fatal) {
    if (unit.state.kind === 'Exhausted') {
      const retries = policy.backoffLimit === 0 ? '' : ` after ${policy.backoffLimit} retries`;
      const message = `${nameOf(unit)} failed for good${retries}: ${firstLine(unit.state.message)}`;
      return { kind: 'Failed', reason: 'UnitFailed', message };
    }
  }
  return undefined;
}

/** Every block has ended and none of them has a usable replacement: there is nothing to stitch. */
function nothingReplaced({ distill }: UnitViews): Verdict | undefined {
  if (distill.length === 0) return undefined;
  const collapsed: DistillFacts['blocks'] = [];
  let failed = 0;
  for (const { state, blocks } of distill) {
    if (state.kind === 'Exhausted') failed += blocks.length;
    else if (state.kind !== 'Done' || state.result.value.stage !== 'Distill') return undefined;
    else if (state.result.value.blocks.some((block) => block.state === 'Distilled')) return undefined;
    else collapsed.push(...state.result.value.blocks);
  }
  const total = collapsed.length + failed;
  const counts = [
    ...(collapsed.length === 0 ? [] : [`${collapsed.length} of ${total} blocks collapsed`]),
    ...(failed === 0 ? [] : [`${failed} of ${total} blocks failed`]),
  ].join(' and ');
  const message = `No block has a usable replacement, so there is no student: ${counts}; see the table.${adviceFor(collapsed)}`;
  return { kind: 'Failed', reason: 'NothingReplaced', message };
}

function adviceFor(collapsed: DistillFacts['blocks']): string {
  if (collapsed.length === 0) return '';
  const twice = collapsed.every(({ trainings }) => trainings > 1)
    ? ' Each was tried twice, the second time at a lower learning rate.'
    : '';
  return `${twice} Train for more steps (spec.distill.steps or epochs) or at another rate (spec.distill.learningRate).`;
}

function deadlineExceeded(observed: Observed, now: Date): Verdict | undefined {
  const message = deadlineMessage(observed, now);
  return message === undefined ? undefined : { kind: 'Failed', reason: 'DeadlineExceeded', message };
}

function all(units: UnitViews): readonly UnitView[] {
  return [units.prepare, ...units.distill, units.finetune];
}

function nameOf(unit: UnitView): string {
  if (unit.stage !== 'Distill') return unit.stage;
  return `${unit.blocks.length === 1 ? 'Block' : 'Blocks'} ${unit.blocks.join(', ')}`;
}
