import { arithmeticOps } from './arithmetic.ts';
import { conversionOps } from './conversion.ts';
import { convolutionOps } from './convolution.ts';
import { elementwiseOps } from './elementwise.ts';
import { imageOps } from './image.ts';
import { layoutOps } from './layout.ts';
import { lossOps } from './loss.ts';
import { normalizationOps } from './normalization.ts';
import { poolingOps } from './pooling.ts';
import { randomOps } from './random.ts';
import { reductionOps } from './reduction.ts';
import { stateOps } from './state.ts';

/** Every TensorFlow operation that Blockstill uses. A new one is an entry in its family's table and a test. */
export const operations = {
  ...arithmeticOps,
  ...conversionOps,
  ...convolutionOps,
  ...elementwiseOps,
  ...imageOps,
  ...layoutOps,
  ...lossOps,
  ...normalizationOps,
  ...poolingOps,
  ...randomOps,
  ...reductionOps,
  ...stateOps,
};

export type OpName = keyof typeof operations;
