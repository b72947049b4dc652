import type { Device } from '../tensorflow.ts';
import type { Operation } from './tensor.ts';

/**
 * Where a node runs. On a GPU every node is placed explicitly, so that a missing kernel is an error that names the
 * operation and never a silent detour; TensorFlow keeps whole numbers, tests and text in host memory even there, so
 * nodes that handle nothing else stay on the CPU. On the CPU nothing needs placing.
 */
export function nodeDevice(operation: Operation, device: Device): string | undefined {
  if (device === 'CPU') return undefined;
  return touchesDeviceMemory(operation) ? '/device:GPU:0' : '/device:CPU:0';
}

function touchesDeviceMemory({ inputs, outputs, attributes }: Operation): boolean {
  const values = [...inputs, ...outputs]
    .filter(({ dtype }) => dtype !== 'resource')
    .map(({ dtype }) => dtype);
  const handles = inputs
    .filter(({ dtype }) => dtype === 'resource')
    .map(({ operation }) => operation.attributes['dtype']);
  const declared = values.length === 0 ? [attributes['dtype']] : [];
  return [...values, ...handles, ...declared].some(
    (dtype) => dtype === 'float32' || dtype === 'bfloat16' || dtype === 'uint8',
  );
}
