import type { OpFamily } from '../op-definition.ts';
import { fixed, noGradient } from '../op-definition.ts';
import { constantShape } from './constant-input.ts';

export const randomOps: OpFamily<'StatelessRandomUniform'> = {
  /** Inputs: shape (constant), int32 seed `[2]`. Uniform in [0, 1); the same seed gives the same numbers. */
  StatelessRandomUniform: {
    attributes: { dtype: fixed('type', 'float32'), T: fixed('type', 'int32'), Tseed: fixed('type', 'int32') },
    outputs: (call) => [{ shape: constantShape(call, 0), dtype: 'float32' }],
    gradient: noGradient('random numbers depend on nothing'),
  },
};
