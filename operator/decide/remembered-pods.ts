import { mostPods, type DistillationJobStatus, type PodStatus } from '../../crds/status.ts';
import type { GpuSharing, Observed, Run } from './observed.ts';

/** What they may take of a status' 200 kB as JSON: room for some 200, with names of usual length. */
const mostCharacters = 64_000;

/** The pods that a status is to have: all that have begun or ended. Of more than there is room for, the last. */
export function podsToRemember({
  runs = [],
  attempts = [],
}: Pick<Observed, 'runs'> & Partial<Pick<Observed, 'attempts'>>): PodStatus[] {
  const isSuperseded = (run: Run): boolean =>
    attempts.some(
      (each) => each.superseded === true && each.unit === run.unit && each.number === run.attempt,
    );
  const pods = runs
    .filter((run) => !isSuperseded(run))
    .filter(({ start, end, isUnseen }) => start !== undefined || end !== undefined || isUnseen === true)
    .toSorted((a, b) => firstSign(a) - firstSign(b))
    .slice(-mostPods)
    .map(podOf);
  let left = mostCharacters;
  const first = pods.findLastIndex((pod) => (left -= JSON.stringify(pod).length) < 0);
  return pods.slice(first + 1);
}

function firstSign({ created, start, end }: Run): number {
  return (created ?? start ?? end)?.getTime() ?? 0;
}

function podOf({ name, unit, attempt, node, sharing, created, start, end }: Run): PodStatus {
  return {
    name,
    unit,
    attempt,
    ...(node === undefined ? {} : { node }),
    ...(sharing === undefined ? {} : { gpu: gpuUses[sharing.kind] }),
    ...(created === undefined ? {} : { createdTime: created.toISOString() }),
    ...(start === undefined ? {} : { startTime: start.toISOString() }),
    ...(end === undefined ? {} : { endTime: end.toISOString() }),
  };
}

/** The runs that a status remembers. Whether they have ended may be known better by now. */
export function rememberedRuns({ pods = [] }: Pick<DistillationJobStatus, 'pods'>): Run[] {
  return pods.map(({ name, unit, attempt, node, gpu, createdTime, startTime, endTime }) => ({
    name,
    unit,
    attempt,
    node,
    ...(gpu === undefined ? {} : { sharing: sharingOf(gpu) }),
    created: dateOf(createdTime),
    start: dateOf(startTime),
    end: dateOf(endTime),
    ...(startTime === undefined && endTime === undefined ? { isUnseen: true } : {}),
  }));
}

const gpuUses = { None: 'Exclusive', Shared: 'Shared', Unknown: 'Unknown' } as const satisfies Record<
  GpuSharing['kind'],
  string
>;

function sharingOf(gpu: NonNullable<PodStatus['gpu']>): GpuSharing {
  switch (gpu) {
    case 'Exclusive':
      return { kind: 'None' };
    case 'Shared':
      return { kind: 'Shared', reason: 'others were given its GPU as well' };
    case 'Unknown':
      return { kind: 'Unknown', reason: 'its node did not say so' };
  }
}

function dateOf(time: string | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
