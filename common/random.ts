import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers that is a function of its key alone. */
export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** A uniform integer in [0, bound). */
  below(bound: number): number;
  /** 0 .. count-1 in random order (Fisher-Yates). */
  permutation(count: number): Int32Array;
}

/**
 * The stream named by `key`, for example `randomStream(seed, 'order', epoch)`. Streams of different keys are
 * independent, so the order in which work is done cannot change what any part of it draws.
 */
export function randomStream(...key: readonly (string | number)[]): RandomStream {
  const seed = createHash('sha256').update(JSON.stringify(key)).digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => seed.readInt32LE(offset)));
  const uniform = (): number => uniformFloat64(generator);
  const below = (bound: number): number => uniformInt(generator, 0, bound - 1);
  return {
    uniform,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    permutation: (count) => {
      const order = Int32Array.from({ length: count }, (_, index) => index);
      for (let last = count - 1; last > 0; last--) {
        const other = below(last + 1);
        const moved = order[last]!;
        order[last] = order[other]!;
        order[other] = moved;
      }
      return order;
    },
  };
}
