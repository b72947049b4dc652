import type { EnergyKind, NodeDevice } from '../accounting/energy-readings.ts';
import type { AttemptSeen } from './metered-unit.ts';
import type { NodeWide } from './observed.ts';
import type { EndedRun } from './runs.ts';

/**
 * Runs whose own meters are lost, for a node-wide source to fill in; undefined where it does not see all that they used, of
 * every kind that is to be known: of a part of it nobody could say what it is a part of.
 */
export function seenByOthers(
  runs: readonly EndedRun[],
  { kinds, nodeWide }: { readonly kinds: readonly EnergyKind[]; readonly nodeWide: NodeWide | undefined },
): readonly AttemptSeen[] | undefined {
  const seen = runs.flatMap((run) => {
    const interval = { start: run.start.getTime() / 1000, end: run.end.getTime() / 1000 };
    const devices = devicesUsed(run, nodeWide?.devices ?? []);
    const isSeen =
      devices.length > 0 &&
      kinds.every((each) => isUnused(each, run) || devices.some(({ kind }) => kind === each)) &&
      devices.every(({ power }) => power.energyOf(interval).joules !== null);
    if (!isSeen || run.sharing?.kind === 'Shared') return [];
    const readings = devices.map(({ device, kind }) => ({
      device,
      kind,
      joules: null,
      gaps: 0,
      reason: 'its meter ended with its worker',
    }));
    return [{ ...interval, committed: false, readings, node: run.node, sharing: run.sharing }];
  });
  return seen.length === runs.length ? seen : undefined;
}

function isUnused(kind: EnergyKind, run: EndedRun): boolean {
  return kind === 'GPU' && !usesGpu(run);
}

function usesGpu({ device }: EndedRun): boolean {
  return device?.startsWith('GPU') === true;
}

/** All processors of its node, and its card where there is no doubt which one that is; empty where there is. */
function devicesUsed(run: EndedRun, devices: readonly NodeDevice[]): readonly NodeDevice[] {
  const there = devices.filter(({ node }) => node === run.node);
  const processors = there.filter(({ kind }) => kind !== 'GPU');
  if (!usesGpu(run)) return processors;
  const cards = there.filter(({ kind }) => kind === 'GPU');
  const named = cards.filter(({ name }) => name !== undefined && name === run.device);
  const candidates = named.length > 0 ? named : cards;
  return candidates.length === 1 ? [...candidates, ...processors] : [];
}
