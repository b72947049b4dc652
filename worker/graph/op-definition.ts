import { BlockstillError } from '../../common/error.ts';
import type { Attributes, AttributeValue, Operation, Tensor, TensorType } from './tensor.ts';
import { describeType } from './tensor.ts';

/** The encodings of TensorFlow's `AttrValue` that the table uses. */
export type AttributeKind = 'bool' | 'float' | 'int' | 'ints' | 'shape' | 'string' | 'tensor' | 'type';

export interface AttributeRule {
  readonly kind: AttributeKind;
  /** The attribute is the data type of this input and cannot be given. */
  readonly typeOfInput?: number;
  /** Without a default the attribute must be given. */
  readonly default?: AttributeValue;
  /** The only value: Blockstill never uses another one. */
  readonly fixed?: AttributeValue;
}

/** An operation that is about to be built: its inputs and its complete attributes. */
export interface Call {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
}

/** What reaches an operation on the way back. */
export interface Backward {
  readonly operation: Operation;
  /** The gradient of the loss with respect to the operation's first output. */
  readonly dy: Tensor;
}

/**
 * Gradients with respect to each input, in order, each built only when something upstream needs it;
 * `undefined` for an input that has none (indices, shapes, running statistics).
 */
export type GradientRule = (backward: Backward) => readonly ((() => Tensor) | undefined)[];

/** Why an operation cannot be differentiated. */
export interface NoGradient {
  readonly because: string;
}

/** The attribute values that the gradient checks cover: by facet, the values that are tried in every combination. */
export type CheckedValues = Readonly<Record<string, readonly AttributeValue[]>>;

/** One TensorFlow operation: everything that Blockstill knows about it. */
export interface OpDefinition {
  readonly attributes: Readonly<Record<string, AttributeRule>>;
  /** The shapes and types of the outputs. Throws `graph/shape` when the inputs do not fit together. */
  readonly outputs: (call: Call) => readonly TensorType[];
  readonly gradient: GradientRule | NoGradient;
  /** The values of each facet that this operation has; a value outside `checked` has no trusted gradient. */
  readonly facets?: (call: Call) => CheckedValues;
  readonly checked?: CheckedValues;
}

/** Operations that belong together. The names come first: they are the family's table of contents. */
export type OpFamily<Name extends string> = Readonly<Record<Name, OpDefinition>>;

export const typeOf = (inputIndex: number): AttributeRule => ({ kind: 'type', typeOfInput: inputIndex });
export const fixed = (kind: AttributeKind, value: AttributeValue): AttributeRule => ({ kind, fixed: value });
export const given = (kind: AttributeKind, byDefault?: AttributeValue): AttributeRule =>
  byDefault === undefined ? { kind } : { kind, default: byDefault };

export const noGradient = (because: string): NoGradient => ({ because });
/** The gradient of a gradient. */
export const firstDerivativesOnly = noGradient('Blockstill takes first derivatives only');

/** The outputs of an operation that gives back a tensor like its first input. */
export function likeFirstInput({ inputs }: Call): readonly TensorType[] {
  const { shape, dtype } = input({ inputs }, 0);
  return [{ shape, dtype }];
}

export function input({ inputs }: Pick<Call, 'inputs'>, index: number): Tensor {
  const found = inputs[index];
  if (found === undefined) {
    throw new BlockstillError('graph/missing-input', `An operation lacks its input number ${index}.`);
  }
  return found;
}

/** Throws `graph/shape` with the types of all inputs unless `condition` holds. */
export function requireShape(condition: boolean, call: Call, rule: string): void {
  if (condition) return;
  const types = call.inputs.map(describeType).join(', ');
  throw new BlockstillError('graph/shape', `${call.op} cannot take (${types}): ${rule}.`);
}

export function numberAttribute({ attributes }: Pick<Call, 'attributes'>, name: string): number {
  return Number(attributes[name]);
}

export function numbersAttribute({ attributes }: Pick<Call, 'attributes'>, name: string): readonly number[] {
  const value = attributes[name];
  return Array.isArray(value) ? value : [];
}

/** The complete attributes of an operation: given, inferred and default ones. */
export function completeAttributes(
  op: string,
  definition: OpDefinition,
  call: { inputs: readonly Tensor[]; attributes: Attributes },
): Attributes {
  const complete: Record<string, AttributeValue> = {};
  for (const [name, rule] of Object.entries(definition.attributes)) {
    const inferred = rule.typeOfInput === undefined ? rule.fixed : input(call, rule.typeOfInput).dtype;
    const value = inferred ?? call.attributes[name] ?? rule.default;
    if (value === undefined) {
      throw new BlockstillError('graph/missing-attribute', `${op} needs the attribute "${name}".`);
    }
    complete[name] = value;
  }
  for (const name of Object.keys(call.attributes)) {
    const rule = definition.attributes[name];
    if (rule === undefined || rule.fixed !== undefined || rule.typeOfInput !== undefined) {
      throw new BlockstillError('graph/unknown-attribute', `${op} takes no attribute "${name}".`);
    }
  }
  return complete;
}
