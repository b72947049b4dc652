import { BlockstillError } from '../../common/error.ts';
import { isUnsupported, NvmlError, nvmlError } from './nvml-error.ts';

/** NVML, as far as a meter needs it. Every call may throw an `NvmlError`. */
export interface Nvml extends Disposable {
  readonly driverVersion: string;
  deviceCount(): number;
  deviceByIndex(index: number): NvmlDevice;
  /** @param uuid whole, as `GPU-...` */
  deviceByUuid(uuid: string): NvmlDevice;
}

export interface NvmlDevice {
  readonly uuid: string;
  readonly name: string;
  /** Since the driver was loaded; Volta and later. */
  millijoules(): number;
  milliwatts(): number;
  state(): GpuState;
  /** Whether the card is split into instances, whose energy nobody tells apart; false for cards that can't be. */
  isMigEnabled(): boolean;
  /** Those that compute on the card: process ids of whichever namespace the driver knows them in. */
  computeProcesses(): readonly number[];
  /** Those that do so through a Multi-Process Service; none with a driver that can't say. */
  mpsProcesses(): readonly number[];
}

/** How a GPU is doing; what it doesn't tell is absent. */
export interface GpuState {
  /** Percent of the time in which something ran on it. */
  readonly utilization?: number;
  readonly watts?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryTotalBytes?: number;
  readonly celsius?: number;
  readonly graphicsMegahertz?: number;
  readonly memoryMegahertz?: number;
  /** Which processes may use it: with `ExclusiveProcess`, one at a time; with `Prohibited`, none. */
  readonly computeMode?: ComputeMode;
}

export type ComputeMode = 'Default' | 'ExclusiveThread' | 'Prohibited' | 'ExclusiveProcess' | 'Unknown';

const computeModes: readonly ComputeMode[] = ['Default', 'ExclusiveThread', 'Prohibited', 'ExclusiveProcess'];

/** Where NVIDIA's container toolkit and distributions put it. */
export const nvmlLibrary = 'libnvidia-ml.so.1';

/** The lengths of nvml.h: `NVML_DEVICE_NAME_V2_BUFFER_SIZE` is the longest. */
const textBytes = 96;
/** `nvmlProcessInfo_t`: pid, padding, memory, two instance ids. */
const processBytes = 24;
const temperatureOfGpu = 0;
const clocks = { graphics: 0, memory: 2 } as const;

type Handle = bigint;
type Call = (functionName: string, parameters: string, ...values: unknown[]) => void;

/**
 * Loads and initialises NVIDIA's management library.
 *
 * @param library its name, for the loader to find, or its path
 * @throws BlockstillError `energy/no-nvml` where it can't be loaded
 * @throws NvmlError where it finds no driver, as one of its reasons
 * @see https://docs.nvidia.com/deploy/nvml-api/
 */
export async function openNvml(library: string): Promise<Nvml> {
  const call = await loadCalls(library);
  call('nvmlInit_v2', 'void');
  return {
    driverVersion: readText((text) =>
      call('nvmlSystemGetDriverVersion', '_Out_ uint8_t *version, uint32_t length', text, textBytes),
    ),
    deviceCount: () => readNumber((count) => call('nvmlDeviceGetCount_v2', '_Out_ uint32_t *count', count)),
    deviceByIndex: (index) => {
      const handle = new BigUint64Array(1);
      call('nvmlDeviceGetHandleByIndex_v2', 'uint32_t index, _Out_ uint64_t *device', index, handle);
      return openDevice(call, handle[0]!);
    },
    deviceByUuid: (uuid) => {
      const handle = new BigUint64Array(1);
      call('nvmlDeviceGetHandleByUUID', 'const char *uuid, _Out_ uint64_t *device', uuid, handle);
      return openDevice(call, handle[0]!);
    },
    [Symbol.dispose]: () => call('nvmlShutdown', 'void'),
  };
}

/** Functions are looked up when they are first called: older drivers lack some. */
async function loadCalls(path: string): Promise<Call> {
  const { load } = await import('koffi').catch((cause: unknown) => {
    throw new BlockstillError('energy/no-nvml', 'koffi, which calls NVML, does not work on this system', {
      cause,
    });
  });
  const library = loadLibrary(load, path);
  const functions = new Map<string, (...values: unknown[]) => number>();
  return (functionName, parameters, ...values) => {
    let each = functions.get(functionName);
    if (each === undefined) {
      try {
        each = library.func(`int ${functionName}(${parameters})`);
      } catch {
        throw new NvmlError(functionName, 'FUNCTION_NOT_FOUND');
      }
      functions.set(functionName, each);
    }
    const code = each(...values);
    if (code !== 0) throw nvmlError(functionName, code);
  };
}

type Load = typeof import('koffi').load;

function loadLibrary(load: Load, path: string): ReturnType<Load> {
  try {
    return load(path);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    const message = /No such file/.test(detail)
      ? `NVML is missing: there is no ${path} (in a container it takes NVIDIA_DRIVER_CAPABILITIES with utility)`
      : `NVML can't be loaded: ${detail.trim()}`;
    throw new BlockstillError('energy/no-nvml', message, { cause });
  }
}

function openDevice(call: Call, device: Handle): NvmlDevice {
  const text = (functionName: string): string =>
    readText((into) =>
      call(functionName, 'uintptr_t device, _Out_ uint8_t *text, uint32_t length', device, into, textBytes),
    );
  const number = (functionName: string): number =>
    readNumber((into) => call(functionName, 'uintptr_t device, _Out_ uint32_t *value', device, into));
  const numberOf = (functionName: string, which: number): number =>
    readNumber((into) =>
      call(functionName, 'uintptr_t device, int which, _Out_ uint32_t *value', device, which, into),
    );
  return {
    uuid: text('nvmlDeviceGetUUID'),
    name: text('nvmlDeviceGetName'),
    millijoules: () => {
      const value = new BigUint64Array(1);
      call('nvmlDeviceGetTotalEnergyConsumption', 'uintptr_t device, _Out_ uint64_t *value', device, value);
      return Number(value[0]);
    },
    milliwatts: () => number('nvmlDeviceGetPowerUsage'),
    state: () => {
      const utilization = new Uint32Array(2);
      const memory = new BigUint64Array(3);
      const parameters = (type: string): string => `uintptr_t device, _Out_ ${type} *value`;
      return present<GpuState>({
        utilization: ifSupported(() => {
          call('nvmlDeviceGetUtilizationRates', parameters('uint32_t'), device, utilization);
          return utilization[0]!;
        }),
        watts: ifSupported(() => number('nvmlDeviceGetPowerUsage') / 1000),
        ...ifSupported(() => {
          call('nvmlDeviceGetMemoryInfo', parameters('uint64_t'), device, memory);
          return { memoryTotalBytes: Number(memory[0]), memoryUsedBytes: Number(memory[2]) };
        }),
        celsius: ifSupported(() => numberOf('nvmlDeviceGetTemperature', temperatureOfGpu)),
        graphicsMegahertz: ifSupported(() => numberOf('nvmlDeviceGetClockInfo', clocks.graphics)),
        memoryMegahertz: ifSupported(() => numberOf('nvmlDeviceGetClockInfo', clocks.memory)),
        computeMode: ifSupported(() => computeModes[number('nvmlDeviceGetComputeMode')] ?? 'Unknown'),
      });
    },
    isMigEnabled: () => {
      const modes = [new Uint32Array(1), new Uint32Array(1)] as const;
      const parameters = 'uintptr_t device, _Out_ uint32_t *current, _Out_ uint32_t *pending';
      ifSupported(() => call('nvmlDeviceGetMigMode', parameters, device, ...modes));
      return modes[0][0] === 1;
    },
    computeProcesses: () => processes(call, 'nvmlDeviceGetComputeRunningProcesses_v3', device),
    mpsProcesses: () =>
      ifSupported(() => processes(call, 'nvmlDeviceGetMPSComputeRunningProcesses_v3', device)) ?? [],
  };
}

function processes(call: Call, functionName: string, device: Handle): readonly number[] {
  const parameters = 'uintptr_t device, _Inout_ uint32_t *count, _Out_ uint8_t *infos';
  const room = 256;
  const count = new Uint32Array([room]);
  const infos = Buffer.alloc(room * processBytes);
  call(functionName, parameters, device, count, infos);
  return Array.from({ length: count[0]! }, (_, index) => infos.readUInt32LE(index * processBytes));
}

function readText(fill: (text: Buffer) => void): string {
  const text = Buffer.alloc(textBytes);
  fill(text);
  return text.toString('utf8', 0, text.indexOf(0));
}

function readNumber(fill: (value: Uint32Array) => void): number {
  const value = new Uint32Array(1);
  fill(value);
  return value[0]!;
}

function ifSupported<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isUnsupported(error)) return undefined;
    throw error;
  }
}

type Undefined<T> = { [Key in keyof T]: T[Key] | undefined };

function present<T>(value: Undefined<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
