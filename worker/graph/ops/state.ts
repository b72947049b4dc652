import type { Call, OpDefinition, OpFamily } from '../op-definition.ts';
import { fixed, given, noGradient, numbersAttribute, typeOf } from '../op-definition.ts';
import { dtypeOf } from '../data-types.ts';
import type { TensorType } from '../tensor.ts';

const stateHasNoGradient = noGradient('state is changed, not computed');
const unlocked = fixed('bool', false);

/** The type that the attributes `dtype` and `shape` declare. */
function declared(call: Call): readonly TensorType[] {
  return [{ shape: numbersAttribute(call, 'shape'), dtype: dtypeOf(call.attributes['dtype']) }];
}

function update(attributes: OpDefinition['attributes']): OpDefinition {
  return { attributes, outputs: () => [], gradient: stateHasNoGradient };
}

type Name =
  | 'Placeholder'
  | 'Const'
  | 'VarHandleOp'
  | 'ReadVariableOp'
  | 'ResourceGather'
  | 'AssignVariableOp'
  | 'AssignAddVariableOp'
  | 'AssignSubVariableOp'
  | 'ResourceScatterUpdate'
  | 'ResourceApplyGradientDescent'
  | 'ResourceApplyKerasMomentum'
  | 'ResourceApplyRMSProp'
  | 'ResourceApplyAdam'
  | 'DestroyResourceOp';

export const stateOps: OpFamily<Name> = {
  Placeholder: {
    attributes: { dtype: given('type'), shape: given('shape') },
    outputs: declared,
    gradient: noGradient('it is fed'),
  },
  Const: {
    attributes: { dtype: given('type'), shape: given('shape'), value: given('tensor') },
    outputs: declared,
    gradient: noGradient('it is constant'),
  },
  VarHandleOp: {
    attributes: {
      container: fixed('string', ''),
      shared_name: given('string'),
      dtype: given('type'),
      shape: given('shape'),
    },
    outputs: () => [{ shape: [], dtype: 'resource' }],
    gradient: stateHasNoGradient,
  },
  ReadVariableOp: {
    attributes: { dtype: given('type'), shape: given('shape') },
    outputs: declared,
    gradient: noGradient('it is a leaf'),
  },
  /** Inputs: handle, int32 row numbers. `shape` is that of the rows. */
  ResourceGather: {
    attributes: { dtype: given('type'), Tindices: typeOf(1), shape: given('shape') },
    outputs: declared,
    gradient: noGradient('it reads data, not weights'),
  },
  AssignVariableOp: update({ dtype: typeOf(1) }),
  AssignAddVariableOp: update({ dtype: typeOf(1) }),
  AssignSubVariableOp: update({ dtype: typeOf(1) }),
  /** Inputs: handle, int32 row numbers, rows. */
  ResourceScatterUpdate: update({ dtype: typeOf(2), Tindices: typeOf(1) }),
  /** Inputs: variable, learning rate, gradient. */
  ResourceApplyGradientDescent: update({ T: typeOf(2), use_locking: unlocked }),
  /** Inputs: variable, accumulator, learning rate, gradient, momentum. */
  ResourceApplyKerasMomentum: update({
    T: typeOf(3),
    use_locking: unlocked,
    use_nesterov: given('bool', false),
  }),
  /** Inputs: variable, mean square, momentum slot, learning rate, rho, momentum, epsilon, gradient. */
  ResourceApplyRMSProp: update({ T: typeOf(7), use_locking: unlocked }),
  /** Inputs: variable, m, v, beta1 power, beta2 power, learning rate, beta1, beta2, epsilon, gradient. */
  ResourceApplyAdam: update({ T: typeOf(9), use_locking: unlocked, use_nesterov: fixed('bool', false) }),
  /** Frees a variable at the end of an op-by-op session. */
  DestroyResourceOp: update({ ignore_lookup_error: fixed('bool', true) }),
};
