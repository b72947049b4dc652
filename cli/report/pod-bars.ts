import type { BlockStatus, DistillationJobStatus, PodStatus } from '../../crds/status.ts';
import { stageOfUnit } from '../../operator/cluster/names.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Bar, Part } from './build-timeline.ts';

/** A pod that has begun. */
export interface BegunPod extends PodStatus {
  readonly startTime: string;
}

/** Times in a cluster are whole seconds. */
const resolutionSeconds = 1;

export function stageOfPod({ unit }: PodStatus): Stage {
  return stageOfUnit(unit);
}

export function begunPods({ pods = [] }: DistillationJobStatus): BegunPod[] {
  return pods.filter((pod): pod is BegunPod => pod.startTime !== undefined);
}

/**
 * Each pod as the status remembers it: what came of it, and what its blocks took of its time.
 *
 * @param now when the status was written, in seconds since 1970
 */
export function podBars(status: DistillationJobStatus, now: number): Bar[] {
  const pods = begunPods(status);
  const models = new Set((status.blocks ?? []).map(({ gpu }) => gpu).filter((gpu) => gpu !== undefined));
  return pods.map((pod) => {
    const start = seconds(pod.startTime);
    const end = Math.max(start, pod.endTime === undefined ? lastSign(status, now) : seconds(pod.endTime));
    const blocks = (status.blocks ?? []).filter(({ unit }) => unit === pod.unit);
    const others = pods.filter(({ unit, name }) => unit === pod.unit && name !== pod.name).length;
    const model = models.size > 1 ? blocks[0]?.gpu : undefined;
    const device = [pod.node, model].filter((part) => part !== undefined).join(', ') || 'device unknown';
    return {
      start,
      end,
      device,
      distilling: stageOfPod(pod) === 'Distill',
      attempt: pod.attempt,
      note: others > 0 ? `${pod.name}; training is shared out over ${others + 1} pods` : pod.name,
      parts: partsOf(pod, { status, blocks, length: end - start }),
    };
  });
}

/** The pod that has brought its unit's result; of others of the unit nothing came but checkpoints. */
export function hasCommitted(pod: BegunPod, status: DistillationJobStatus): boolean {
  const completion = completionOf(pod, status);
  if (completion === undefined) return false;
  const own = begunPods(status).filter(
    ({ unit, startTime }) => unit === pod.unit && seconds(startTime) <= completion,
  );
  const last = own.toSorted((a, b) => seconds(a.startTime) - seconds(b.startTime)).at(-1);
  return last?.name === pod.name;
}

/** When the unit of a pod was done, as far as it is; in seconds since 1970. */
function completionOf(
  pod: PodStatus,
  { blocks = [], baseline, student, completionTime, teacher, phase }: DistillationJobStatus,
) {
  switch (stageOfPod(pod)) {
    case 'Prepare':
      return phase === 'Preparing' || teacher?.accuracy === undefined ? undefined : Infinity;
    case 'Baseline':
      return baseline?.state === 'Known' && baseline.completionTime !== undefined
        ? seconds(baseline.completionTime)
        : undefined;
    case 'Finetune':
      return student === undefined || completionTime === undefined ? undefined : Infinity;
    case 'Distill': {
      const time = blocks.find(({ unit }) => unit === pod.unit)?.completionTime;
      return time === undefined ? undefined : seconds(time) + resolutionSeconds;
    }
  }
}

interface PartsInput {
  readonly status: DistillationJobStatus;
  readonly blocks: readonly BlockStatus[];
  /** In seconds. */
  readonly length: number;
}

function partsOf(pod: BegunPod, { status, blocks, length }: PartsInput): Part[] {
  const names = blocks.map(({ name }) => name);
  const whole = (kind: Part['kind']): Part[] => [{ kind, seconds: length, blocks: names }];
  if (!hasCommitted(pod, status)) return whole(isOpen(pod, status) ? 'Running' : 'Killed');
  const stage = stageOfPod(pod);
  if (stage !== 'Distill') return whole(stage);
  const trained = blocks.reduce((total, block) => total + (block.seconds ?? 0), 0);
  // Seconds of a block are those of all its attempts: each gets a share of them by its length.
  const all = begunPods(status).filter(({ unit }) => unit === pod.unit);
  const ran = all.reduce((total, each) => total + lengthOf(each), 0);
  const share = all.length > 1 && ran > 0 ? length / ran : 1;
  const scale = trained * share > length ? length / trained : share;
  return [
    { kind: 'Other', seconds: length - trained * scale, blocks: names },
    ...blocks.map(({ name, seconds: own = 0 }): Part => ({
      kind: 'Training',
      seconds: own * scale,
      blocks: [name],
    })),
  ];
}

function lengthOf({ startTime, endTime = startTime }: BegunPod): number {
  return Math.max(0, seconds(endTime) - seconds(startTime));
}

function isOpen({ endTime }: PodStatus, { completionTime }: DistillationJobStatus): boolean {
  return endTime === undefined && completionTime === undefined;
}

function lastSign({ completionTime }: DistillationJobStatus, now: number): number {
  return completionTime === undefined ? now : seconds(completionTime);
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}
