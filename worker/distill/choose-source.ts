import { mkdirSync } from 'node:fs';
import { activationTier, cacheBudget } from '../contract/activation-tier.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import type { Graph } from '../graph/graph.ts';
import { DiskCache, MemoryCache, type ActivationSource, type CacheOptions } from './activation-source.ts';

export interface ChosenSource {
  readonly source: ActivationSource;
  fill(between: () => Promise<void>): Promise<void>;
}

/**
 * Where a unit's boundary activations come from: kept in the session where they fit the stated budget, else in scratch
 * files, else computed again for every batch. The choice changes times and no bits.
 */
export function chooseSource(
  graph: Graph,
  options: { spec: JobSpec; device: 'CPU' | 'GPU'; scratch: string; cache: CacheOptions },
): ChosenSource {
  const { cache, device, scratch } = options;
  const shapes = [...cache.buffers.values()].map((buffer) => buffer.shape.slice(1));
  const budget = cacheBudget(options.spec.execution.activationCache, device);
  switch (activationTier({ ...cache, shapes }, budget)) {
    case 'Memory': {
      const source = new MemoryCache(graph, cache);
      return { source, fill: (between) => source.fill(between) };
    }
    case 'Disk': {
      mkdirSync(scratch, { recursive: true });
      const source = new DiskCache(graph, scratch, cache);
      return { source, fill: (between) => source.fill(between) };
    }
    case 'Recompute':
      return { source: cache.teacher, fill: () => Promise.resolve() };
  }
}
