import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import nodeUtil from 'node:util';
import { BlockstillError } from '../common/error.ts';

export type Device = 'CPU' | 'GPU';

/** One attribute of an operation that is executed alone, as the native binding takes it. */
export interface NativeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor that the native binding holds for us until `deleteTensor`. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** The part of the binding of `@tensorflow/tfjs-node-gpu` that Blockstill calls. */
export interface NativeBinding {
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: readonly NativeAttribute[],
    inputs: readonly number[],
    outputCount: number,
  ): NativeTensor[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: readonly number[], feeds: string, fetches: string): NativeTensor[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_Version: string;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

export interface Runtime {
  readonly binding: NativeBinding;
  /** The version of libtensorflow, for example `2.20.0`. */
  readonly version: string;
  /** Whether TensorFlow found a GPU that it can use. */
  readonly gpu: boolean;
}

export interface TensorFlow extends Runtime {
  readonly tf: typeof import('@tensorflow/tfjs-node-gpu');
}

const packageName = '@tensorflow/tfjs-node-gpu';
const require = createRequire(import.meta.url);
let runtime: Runtime | undefined;

/**
 * The native runtime alone, loaded on first use: what sessions need. TensorFlow reads its environment variables
 * when it is loaded, so set those before.
 *
 * @throws BlockstillError `tensorflow/not-installed`, or `tensorflow/gpu-not-used` when `device` is `GPU` and
 * TensorFlow would silently compute on the CPU.
 */
export function loadRuntime({ device = 'CPU' }: { readonly device?: Device } = {}): Runtime {
  runtime ??= openBinding();
  if (device === 'GPU' && !runtime.gpu) {
    throw new BlockstillError(
      'tensorflow/gpu-not-used',
      'A GPU was asked for, but TensorFlow does not use one.',
      {
        hint: 'Check `nvidia-smi`, the CUDA and cuDNN libraries, and that libtensorflow is a CUDA build; or ask for the CPU.',
      },
    );
  }
  return runtime;
}

/** The native runtime and TensorFlow.js on top of it, for loading models and as a reference. */
export function loadTensorFlow({ device = 'CPU' }: { readonly device?: Device } = {}): TensorFlow {
  const loaded = loadRuntime({ device });
  restoreRemovedUtilities();
  return { ...loaded, tf: require(packageName) };
}

function openBinding(): Runtime {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  try {
    const folder = dirname(require.resolve(`${packageName}/package.json`));
    const binding: NativeBinding = require(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'));
    return { binding, version: binding.TF_Version, gpu: binding.isUsingGpuDevice() };
  } catch (cause) {
    throw new BlockstillError('tensorflow/not-installed', 'The TensorFlow runtime cannot be loaded.', {
      hint: 'Run `make setup`: it installs libtensorflow and builds its binding for Node.',
      cause,
    });
  }
}

/** tfjs-node 4.22 calls two functions of `node:util` that Node 23 removed or warns about. */
function restoreRemovedUtilities(): void {
  const isNullOrUndefined = (value: unknown): boolean => value === null || value === undefined;
  Object.assign(nodeUtil, { isArray: Array.isArray, isNullOrUndefined });
}
