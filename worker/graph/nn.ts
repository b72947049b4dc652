/** Functions over tensors: each adds one operation of the table in `ops/`, or a documented composition, to the graph. */
export * from './nn/activation.ts';
export * from './nn/arithmetic.ts';
export * from './nn/convolution.ts';
export * from './nn/image.ts';
export * from './nn/integers.ts';
export * from './nn/layout.ts';
export * from './nn/loss.ts';
export * from './nn/normalization.ts';
export * from './nn/pooling.ts';
export * from './nn/random.ts';
export * from './nn/reduction.ts';
export * from './nn/tap.ts';
