import type { CompiledLearningRate, CompiledOptimizer } from './compiled-job.ts';
import type { LearningRateFields, OptimizerFields } from './spec/training.ts';

/** The optimizer with exactly the members that belong to it; defaults are those of Keras. */
export function compileOptimizer(fields: OptimizerFields): CompiledOptimizer {
  const epsilon = fields.epsilon ?? 1e-7;
  const beta1 = fields.beta1 ?? 0.9;
  const beta2 = fields.beta2 ?? 0.999;
  switch (fields.name) {
    case 'SGD': {
      const momentum = fields.momentum ?? 0.9;
      return { name: 'SGD', momentum, nesterov: fields.nesterov ?? momentum > 0 };
    }
    case 'RMSprop':
      return { name: 'RMSprop', momentum: fields.momentum ?? 0, rho: fields.rho ?? 0.9, epsilon };
    case 'Adam':
      return { name: 'Adam', beta1, beta2, epsilon };
    case 'AdamW':
      return { name: 'AdamW', beta1, beta2, epsilon, weightDecay: fields.weightDecay ?? 0.004 };
  }
}

/** The schedule with exactly the members that belong to it. */
export function compileLearningRate(fields: LearningRateFields): CompiledLearningRate {
  const { initial, warmupSteps } = fields;
  switch (fields.schedule) {
    case 'Constant':
      return { schedule: 'Constant', initial, warmupSteps };
    case 'Exponential':
      return {
        schedule: 'Exponential',
        initial,
        warmupSteps,
        decaySteps: fields.decaySteps ?? 3000,
        decayRate: fields.decayRate ?? 0.96,
        staircase: fields.staircase ?? true,
      };
    case 'Cosine':
      return { schedule: 'Cosine', initial, warmupSteps, finalFraction: fields.finalFraction ?? 0 };
  }
}
