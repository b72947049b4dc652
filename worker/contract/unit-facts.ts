import * as z from 'zod';
import { energyReadingSchema } from './energy-reading.ts';
import { keptBlockSchema, planSchema, plannedBlockSchema, profileSchema } from './plan.ts';
import {
  baselineResultSchema,
  distillResultSchema,
  blockResultSchema,
  finetuneResultSchema,
  prepareResultSchema,
} from './unit-result.ts';

/**
 * What whoever runs a job must know of a plan to go on: whole plans have more, and lie in the exchange, which the
 * operator of a cluster does not see.
 */
export const planFactsSchema = planSchema.pick({ batchSize: true, candidates: true, warnings: true }).extend({
  teacher: planSchema.shape.teacher.pick({ digest: true, cost: true, outputShape: true, accuracy: true }),
  dataset: planSchema.shape.dataset.pick({ classes: true, samples: true }).extend({
    /** Messages of the first builds have none. */
    digest: planSchema.shape.dataset.shape.digest.optional(),
  }),
  blocks: z.array(
    plannedBlockSchema.pick({
      name: true,
      layers: true,
      input: true,
      output: true,
      inputShape: true,
      outputShape: true,
    }),
  ),
  kept: z.array(keptBlockSchema),
});
export type PlanFacts = z.infer<typeof planFactsSchema>;

export const profileFactsSchema = profileSchema.pick({ teacherSeconds: true, blocks: true, warnings: true });
export type ProfileFacts = z.infer<typeof profileFactsSchema>;

/** Of a reading, what the accounting goes by. */
const energyFactsSchema = z
  .array(
    energyReadingSchema
      .pick({
        device: true,
        kind: true,
        model: true,
        joules: true,
        method: true,
        gaps: true,
        idleWatts: true,
        sharing: true,
        reason: true,
      })
      // Of checkpoints: how much of the earlier attempts is known.
      .extend({ seconds: energyReadingSchema.shape.seconds.optional() }),
  )
  .readonly();
export type EnergyFacts = z.infer<typeof energyFactsSchema>;

const energyFacts = { energy: energyFactsSchema };
const allEnergyFacts = { ...energyFacts, earlierEnergy: energyFactsSchema.optional() };

/** Of a unit's result, what decisions and the status are made from. */
export const prepareFactsSchema = prepareResultSchema
  .omit({ profile: true, artifacts: true })
  .extend(energyFacts);
/** What became of its blocks is of no interest: those of the units count. */
export const baselineFactsSchema = baselineResultSchema
  .omit({ blocks: true, peakMemory: true })
  .extend(allEnergyFacts);
export const distillFactsSchema = distillResultSchema.extend({
  ...allEnergyFacts,
  blocks: z.array(blockResultSchema.omit({ history: true, weights: true })),
});
export const finetuneFactsSchema = finetuneResultSchema
  .omit({ history: true, artifacts: true })
  .extend(allEnergyFacts);

export type PrepareFacts = z.infer<typeof prepareFactsSchema>;
export type BaselineFacts = z.infer<typeof baselineFactsSchema>;
export type DistillFacts = z.infer<typeof distillFactsSchema>;
export type FinetuneFacts = z.infer<typeof finetuneFactsSchema>;
export type UnitFacts = PrepareFacts | BaselineFacts | DistillFacts | FinetuneFacts;
