import { BlockstillError } from '../../common/error.ts';

/** `nvmlReturn_t` of nvml.h, without the prefix `NVML_ERROR_`. */
const returnNames = {
  1: 'UNINITIALIZED',
  2: 'INVALID_ARGUMENT',
  3: 'NOT_SUPPORTED',
  4: 'NO_PERMISSION',
  5: 'ALREADY_INITIALIZED',
  6: 'NOT_FOUND',
  7: 'INSUFFICIENT_SIZE',
  8: 'INSUFFICIENT_POWER',
  9: 'DRIVER_NOT_LOADED',
  10: 'TIMEOUT',
  11: 'IRQ_ISSUE',
  12: 'LIBRARY_NOT_FOUND',
  13: 'FUNCTION_NOT_FOUND',
  14: 'CORRUPTED_INFOROM',
  15: 'GPU_IS_LOST',
  16: 'RESET_REQUIRED',
  17: 'OPERATING_SYSTEM',
  18: 'LIB_RM_VERSION_MISMATCH',
  19: 'IN_USE',
  20: 'MEMORY',
  21: 'NO_DATA',
  22: 'VGPU_ECC_NOT_SUPPORTED',
  23: 'INSUFFICIENT_RESOURCES',
  24: 'FREQ_NOT_SUPPORTED',
  25: 'ARGUMENT_VERSION_MISMATCH',
  26: 'DEPRECATED',
  27: 'NOT_READY',
  28: 'GPU_NOT_FOUND',
  29: 'INVALID_STATE',
  30: 'RESET_TYPE_NOT_SUPPORTED',
  999: 'UNKNOWN',
} as const;

type KnownReturn = (typeof returnNames)[keyof typeof returnNames];

/** The name of a return code; `RETURN_1234` for one that is newer than this file. */
export type NvmlReturn = KnownReturn | `RETURN_${number}`;

/** What the ones that users meet mean, in words. */
const meanings: Partial<Record<NvmlReturn, string>> = {
  NOT_SUPPORTED: 'this GPU does not support it',
  NO_PERMISSION: 'this process may not ask the NVIDIA driver',
  NOT_FOUND: 'no such GPU is visible to this process',
  INVALID_ARGUMENT: 'no such GPU is visible to this process',
  DRIVER_NOT_LOADED: "NVIDIA's driver is not loaded on this machine",
  TIMEOUT: 'the driver did not answer in time',
  LIBRARY_NOT_FOUND: "a library of NVIDIA's driver is missing",
  FUNCTION_NOT_FOUND: 'the driver is too old for it',
  GPU_IS_LOST: 'the GPU is lost: the driver cannot reach it any more',
  RESET_REQUIRED: 'the GPU must be reset before it can be used again',
  OPERATING_SYSTEM: 'the operating system has blocked the request',
  LIB_RM_VERSION_MISMATCH:
    'libnvidia-ml and the loaded driver are of different versions, as after an update without a restart',
  GPU_NOT_FOUND: 'no such GPU is visible to this process',
};

/** A call of NVML that did not succeed. */
export class NvmlError extends BlockstillError {
  override readonly name = 'NvmlError';
  readonly functionName: string;
  readonly returned: NvmlReturn;

  constructor(functionName: string, returned: NvmlReturn) {
    const meaning = meanings[returned] ?? 'NVML reports an error';
    super('energy/nvml-call', `${meaning} (${functionName}: NVML_ERROR_${returned})`);
    this.functionName = functionName;
    this.returned = returned;
  }
}

/** @param code what the function has returned; anything but 0, which is success */
export function nvmlError(functionName: string, code: number): NvmlError {
  const names: Readonly<Record<number, KnownReturn>> = returnNames;
  return new NvmlError(functionName, names[code] ?? `RETURN_${code}`);
}

/** Whether it is NVML's way to say that a card has no such thing, or a driver no such function. */
export function isUnsupported(error: unknown): boolean {
  return (
    error instanceof NvmlError &&
    (error.returned === 'NOT_SUPPORTED' || error.returned === 'FUNCTION_NOT_FOUND')
  );
}
