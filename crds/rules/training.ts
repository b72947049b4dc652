import type { Distill, LearningRateFields, OptimizerFields } from '../spec/training.ts';
import { valueRule, type Rule } from './rule.ts';

const optimizerMembers = {
  momentum: ['SGD', 'RMSprop'],
  nesterov: ['SGD'],
  rho: ['RMSprop'],
  beta1: ['Adam', 'AdamW'],
  beta2: ['Adam', 'AdamW'],
  epsilon: ['RMSprop', 'Adam', 'AdamW'],
  weightDecay: ['AdamW'],
} as const satisfies Record<Exclude<keyof OptimizerFields, 'name'>, readonly OptimizerFields['name'][]>;

const scheduleMembers = {
  decaySteps: 'Exponential',
  decayRate: 'Exponential',
  staircase: 'Exponential',
  finalFraction: 'Cosine',
} as const;

/** `Adam, AdamW and SGD` */
function enumerate(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function optimizerRules(path: string): Rule[] {
  return Object.entries(optimizerMembers).map(([member, names]: [string, readonly string[]]) =>
    valueRule<Record<string, unknown> & OptimizerFields>(path, {
      // Adam is the default, and a default is not filled in yet where the rule is checked on `{}`.
      cel: `!has(self.${member}) || (has(self.name) && self.name in [${names.map((name) => `'${name}'`).join(', ')}])`,
      message: `${member} belongs to ${enumerate(names)} only; remove it or choose another optimizer`,
      field: member,
      check: (value) => value[member] === undefined || names.includes(value.name),
    }),
  );
}

function learningRateRules(path: string): Rule[] {
  return Object.entries(scheduleMembers).map(([member, schedule]) =>
    valueRule<Record<string, unknown> & LearningRateFields>(path, {
      cel: `!has(self.${member}) || (has(self.schedule) && self.schedule == '${schedule}')`,
      message: `${member} belongs to schedule ${schedule} only; remove it or choose that schedule`,
      field: member,
      check: (value) => value[member] === undefined || value.schedule === schedule,
    }),
  );
}

export const trainingRules: readonly Rule[] = [
  valueRule<Distill>('spec.distill', {
    cel: '!(has(self.epochs) && has(self.steps))',
    message: 'give epochs or steps, not both',
    field: 'steps',
    check: (value) => value.epochs === undefined || value.steps === undefined,
  }),
  ...['spec.distill.optimizer', 'spec.finetune.optimizer'].flatMap(optimizerRules),
  ...['spec.distill.learningRate', 'spec.finetune.learningRate'].flatMap(learningRateRules),
];
