import type { ReportDetails, ReportInput } from '../../cli/report/report-input.ts';
import { anObserved, at, finetuned, prepared } from '../../operator/decide/builders.ts';
import { decide } from '../../operator/decide/decide.ts';
import type { ObservedAttempt } from '../../operator/decide/observed.ts';
import type { Plan, Profile } from '../../worker/contract/plan.ts';
import type { UnitResult } from '../../worker/contract/unit-result.ts';
import { metered, serialJob, wholeMachine } from './resnet50-cost.ts';
import { aResNetPlan, studentOf } from './resnet50-network.ts';
import { gpu, platform, trainingAttempts } from './resnet50-training.ts';

/**
 * A job of 16 blocks on 4 GPUs with the times and the power that the authors measured, one attempt that was killed, one
 * block that collapsed, and all that a status can say of speedup and energy, as the operator works it out. Accuracies,
 * losses, latency and memory of blocks, the split of a block's seconds, and what prepare and finetune drew are made up.
 */
export function resNet50Job(): ReportInput & { readonly details: ReportDetails } {
  const plan = aResNetPlan();
  const names = plan.blocks.map(({ name }) => name);
  const distill = trainingAttempts();
  const end =
    Math.max(...distill.map(({ endTime }) => (endTime?.getTime() ?? 0) / 1000)) - at(0).getTime() / 1000;
  const finetune = withTimes(
    finetuned({ ...studentOf(names), platform, completionTime: at(end + 463).toISOString() }),
    { start: end + 3, end: end + 463 },
  );
  const base = anObserved([...distill, finetune], {
    prepared: prepared(plan, profileOf(plan)),
    suspensions: [],
  });
  const attempts = metered(
    base.attempts.map((attempt) =>
      attempt.unit === 'prepare' ? onGpu(withTimes(attempt, { start: -172, end: -4 })) : attempt,
    ),
  );
  const observed = {
    ...base,
    attempts,
    nodeWide: wholeMachine(attempts),
    policy: { ...base.policy, baseline: { mode: 'Job' as const, jobName: serialJob.jobName } },
    previous: { baseline: serialJob },
  };
  const { status } = decide(observed, at(end + 470));
  return {
    job: { namespace: 'vision', name: 'resnet50-cifar10', uid: '5f0c2a9d7b31' },
    status,
    asOf: at(end + 470),
    details: detailsOf(plan, observed.attempts),
  };
}

function withTimes(
  attempt: ObservedAttempt,
  { start, end }: { start: number; end: number },
): ObservedAttempt {
  return { ...attempt, device: 'GPU 0', startTime: at(start), endTime: at(end) };
}

function onGpu(attempt: ObservedAttempt): ObservedAttempt {
  const { result } = attempt;
  return result === undefined
    ? attempt
    : { ...attempt, result: { ...result, value: { ...result.value, platform } } };
}

function profileOf({ blocks }: Plan): Pick<Profile, 'device' | 'blocks'> {
  return {
    device: gpu,
    blocks: blocks.map(({ name }, index) => ({
      name,
      stepSeconds: 0.021 + index * 0.0004,
      prefixSeconds: 0.004 + index * 0.0016,
    })),
  };
}

function detailsOf(plan: Plan, attempts: readonly ObservedAttempt[]): ReportDetails {
  const results = attempts.flatMap(({ result }) =>
    result === undefined ? [] : [result.value as UnitResult],
  );
  const of = <Stage extends UnitResult['stage']>(stage: Stage) =>
    results.filter((result): result is Extract<UnitResult, { stage: Stage }> => result.stage === stage);
  return {
    plan,
    profile: prepared(plan, profileOf(plan)).profile,
    prepare: of('Prepare')[0],
    distill: of('Distill'),
    finetune: of('Finetune')[0],
    attempts: attempts.map(
      ({ unit, stage, result, id, number, device: on, startTime, endTime, message }) => ({
        unit,
        stage,
        id: result?.value.attempt ?? id,
        number,
        device: on ?? 'GPU 0',
        startTime: startTime ?? at(0),
        endTime,
        message,
      }),
    ),
    suspensions: [],
  };
}
