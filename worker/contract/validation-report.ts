import * as z from 'zod';
import { keptBlockSchema, plannedBlockSchema } from './plan.ts';
import { costSchema } from './primitives.ts';

/** What `worker validate` prints: what a job would do, found out without training. */
export const validationReportSchema = z.object({
  teacher: z.object({ cost: costSchema, inputShape: z.array(z.int()), outputShape: z.array(z.int()) }),
  blocks: z.array(plannedBlockSchema.omit({ meanSquare: true })),
  kept: z.array(keptBlockSchema),
  /** Null: there is no test data. */
  samples: z.object({ train: z.int(), validation: z.int(), test: z.int().nullable() }),
  testReason: z.string().optional(),
  classes: z.int().nullable(),
  /** The student when every block is replaced. */
  student: z.object({ cost: costSchema }),
  /** What makes the job slower or its figures more doubtful than need be, a sentence each. */
  warnings: z.array(z.string()),
});
export type ValidationReport = z.infer<typeof validationReportSchema>;
