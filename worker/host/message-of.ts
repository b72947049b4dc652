import { readVerified, type Attempt } from '../exchange/attempt.ts';
import { planSchema, profileSchema } from '../contract/plan.ts';
import {
  baselineFactsSchema,
  distillFactsSchema,
  finetuneFactsSchema,
  planFactsSchema,
  prepareFactsSchema,
  profileFactsSchema,
} from '../contract/unit-facts.ts';
import type { UnitMessage } from '../contract/unit-message.ts';
import { resultFile, type UnitResult } from '../contract/unit-result.ts';

/** What there is to say of the result that an attempt has committed, with plan and profile as they lie in its folder. */
export async function messageOf(result: UnitResult, attempt: Attempt): Promise<UnitMessage> {
  const reference = await attempt.reference(resultFile);
  switch (result.stage) {
    case 'Prepare': {
      const plan = await readVerified(await attempt.fetch(result.plan), result.plan.digest);
      const profile = await readVerified(await attempt.fetch(result.profile), result.profile.digest);
      return {
        stage: 'Prepare',
        facts: prepareFactsSchema.parse(result),
        reference,
        plan: planFactsSchema.parse(planSchema.parse(JSON.parse(plan.toString('utf8')))),
        profile: profileFactsSchema.parse(profileSchema.parse(JSON.parse(profile.toString('utf8')))),
      };
    }
    case 'Baseline':
      return { stage: 'Baseline', facts: baselineFactsSchema.parse(result), reference };
    case 'Distill':
      return { stage: 'Distill', facts: distillFactsSchema.parse(result), reference };
    case 'Finetune':
      return { stage: 'Finetune', facts: finetuneFactsSchema.parse(result), reference };
  }
}
