import { dataRules } from './rules/data.ts';
import { executionRules } from './rules/execution.ts';
import { immutabilityRules } from './rules/immutability.ts';
import { podRules } from './rules/pod.ts';
import { trainingRules } from './rules/training.ts';
import type { Rule } from './rules/rule.ts';

/** Every rule that types and bounds cannot say. */
export const rules: readonly Rule[] = [
  ...dataRules,
  ...trainingRules,
  ...executionRules,
  ...podRules,
  ...immutabilityRules,
];
