import type { Measured, TrainingAmount } from '../decide/observed.ts';
import { stepsOf, teacherBatches, timedBlocks } from '../decide/predicted-time.ts';
import type { DistillFacts } from '../../worker/contract/unit-facts.ts';

type Times = Measured['profile']['blocks'][number];

/**
 * The profile with the times that finished units really took in place of those that prepare measured beforehand: of each
 * such block the seconds of a step, and of the teacher pass where no other block of its unit has a part in it.
 *
 * Where the teacher ran for every step, its time is in that of the steps, so what the profile says of it is taken out.
 *
 * @returns which blocks they are, too
 */
export function withMeasuredTimes<M extends Measured>(
  measured: M,
  training: TrainingAmount,
  results: readonly DistillFacts[],
): { readonly measured: M; readonly blocks: ReadonlySet<string> } {
  const times = new Map(
    results.flatMap((result) => timesOf(result, measured, training)).map((each) => [each.name, each]),
  );
  const blocks = measured.profile.blocks.map((block) => times.get(block.name) ?? block);
  return {
    measured: { ...measured, profile: { ...measured.profile, blocks } },
    blocks: new Set(times.keys()),
  };
}

function timesOf(result: DistillFacts, measured: Measured, training: TrainingAmount): Times[] {
  const steps = stepsOf(measured, training);
  const results = new Map(result.blocks.map((block) => [block.name, block]));
  const blocks = timedBlocks(measured).filter(({ name }) => results.has(name));
  const alone = blocks.length === 1;
  // As it ran: the manifest may say something else by now.
  const batches = teacherBatches(result.activations, measured, training);
  return blocks.flatMap(({ name, prefixSeconds }) => {
    const seconds = results.get(name)?.seconds ?? 0;
    if (result.activations !== 'Recompute') {
      const prefix = alone ? result.sharedSeconds / batches : prefixSeconds;
      return [{ name, stepSeconds: seconds / steps, prefixSeconds: prefix }];
    }
    const own = seconds + result.sharedSeconds - prefixSeconds * batches;
    return alone && own > 0 ? [{ name, stepSeconds: own / steps, prefixSeconds }] : [];
  });
}
