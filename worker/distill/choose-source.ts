import { mkdirSync } from 'node:fs';
import type { JobSpec } from '../contract/job-spec.ts';
import type { Graph } from '../graph/graph.ts';
import {
  cacheBytes,
  DiskCache,
  MemoryCache,
  type ActivationSource,
  type CacheOptions,
} from './activation-source.ts';

export interface ChosenSource {
  readonly source: ActivationSource;
  fill(between: () => Promise<void>): Promise<void>;
}

/** TensorFlow's kernels index a GPU tensor with 31 bits. */
const maxElements = 2 ** 31 - 1;

/**
 * Where a unit's boundary activations come from: kept in the session where they fit the stated budget, else in scratch
 * files, else computed again for every batch. The choice changes times and no bits.
 */
export function chooseSource(
  graph: Graph,
  options: { spec: JobSpec; device: 'CPU' | 'GPU'; scratch: string; cache: CacheOptions },
): ChosenSource {
  const { cache, device, scratch } = options;
  const { activationCache } = options.spec.execution;
  const recompute: ChosenSource = { source: cache.teacher, fill: () => Promise.resolve() };
  if (activationCache.mode === 'Recompute' || cache.passes === 0) return recompute;
  const shapes = [...cache.buffers.values()].map((buffer) => buffer.shape.slice(1));
  const bytes = cacheBytes(cache, shapes);
  const rows = cache.samples.train * cache.passes + 1;
  const addressable = shapes.every(
    (shape) => rows * shape.reduce((product, size) => product * size, 1) <= maxElements,
  );
  const sessionMemory = device === 'GPU' ? activationCache.deviceMemoryBytes : activationCache.memoryBytes;
  if (addressable && bytes <= sessionMemory) {
    const source = new MemoryCache(graph, cache);
    return { source, fill: (between) => source.fill(between) };
  }
  if (bytes <= activationCache.diskBytes) {
    mkdirSync(scratch, { recursive: true });
    const source = new DiskCache(graph, scratch, cache);
    return { source, fill: (between) => source.fill(between) };
  }
  return recompute;
}
