import type { Graph } from './graph.ts';
import type { OpName } from './ops/index.ts';

export type DType = 'float32' | 'bfloat16' | 'int32' | 'uint8' | 'bool' | 'string' | 'resource';

/** Always fully known, the batch included. */
export type Shape = readonly number[];

/** What is known of a tensor before it is computed. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One output of an operation: a value that will exist when the graph runs. */
export interface Tensor extends TensorType {
  readonly graph: Graph;
  readonly operation: Operation;
  /** Which of the operation's outputs. */
  readonly index: number;
}

export type Values = Float32Array | Int32Array | Uint8Array;
export type AttributeValue = number | boolean | string | readonly number[] | Values;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One TensorFlow operation in a graph. */
export interface Operation {
  readonly op: OpName;
  /** Unique in its graph, and the name that TensorFlow's messages use. */
  readonly name: string;
  readonly inputs: readonly Tensor[];
  /** Complete: defaults filled in, types inferred. */
  readonly attributes: Attributes;
  /** Operations that have run before this one starts, without giving it a value. */
  readonly after: readonly Operation[];
  readonly outputs: readonly Tensor[];
}

/** State that a session keeps between runs: weights, optimizer slots, resident data, counters. */
export interface Variable extends TensorType {
  readonly name: string;
  /** The resource that reads and assignments take. */
  readonly handle: Tensor;
}

export function isValues(value: unknown): value is Values {
  return value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint8Array;
}

export function elementCount(shape: Shape): number {
  return shape.reduce((product, side) => product * side, 1);
}

export function isFloating(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'bfloat16';
}

export function sameShape(left: Shape, right: Shape): boolean {
  return left.length === right.length && left.every((side, axis) => side === right[axis]);
}

/** `float32[64, 32, 32, 3]` */
export function describeType({ dtype, shape }: TensorType): string {
  return `${dtype}[${shape.join(', ')}]`;
}
