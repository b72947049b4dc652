/** How the learning rate moves; fields as in the manifest. */
export interface LearningRateSchedule {
  readonly schedule: 'Constant' | 'Exponential' | 'Cosine';
  /** The rate after warm-up. */
  readonly initial: number;
  /** Steps of linear rise; at most a tenth of all steps is used for it. Default: 0. */
  readonly warmupSteps?: number;
  /** Exponential: steps until the rate has fallen by `decayRate` once. Default: 3000. */
  readonly decaySteps?: number;
  /** Exponential. Default: 0.96. */
  readonly decayRate?: number;
  /** Exponential: fall every `decaySteps`, not smoothly. Default: true. */
  readonly staircase?: boolean;
  /** Cosine: the last step's rate as a share of `initial`. Default: 0. */
  readonly finalFraction?: number;
}

/** The learning rate of every step of a training. */
export function learningRateTable(schedule: LearningRateSchedule, totalSteps: number): Float32Array {
  const warmup = Math.min(schedule.warmupSteps ?? 0, Math.floor(totalSteps / 10));
  const lastStep = totalSteps - 1 - warmup;
  return Float32Array.from({ length: totalSteps }, (_, step) => {
    const share = step < warmup ? (step + 1) / (warmup + 1) : fall(schedule, step - warmup, lastStep);
    return schedule.initial * share;
  });
}

/** The share of the initial rate at a step after warm-up. */
function fall(schedule: LearningRateSchedule, step: number, lastStep: number): number {
  switch (schedule.schedule) {
    case 'Constant':
      return 1;
    case 'Exponential': {
      const { decaySteps = 3000, decayRate = 0.96, staircase = true } = schedule;
      const times = step / decaySteps;
      return decayRate ** (staircase ? Math.floor(times) : times);
    }
    case 'Cosine': {
      const { finalFraction = 0 } = schedule;
      const height = lastStep === 0 ? 1 : (1 + Math.cos((Math.PI * step) / lastStep)) / 2;
      return finalFraction + (1 - finalFraction) * height;
    }
  }
}
