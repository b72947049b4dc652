import type { Release } from './release.ts';

/** Libraries out of a wheel of NVIDIA's, and where TensorFlow and they themselves look for them. */
export interface CudaPart extends Release {
  /** Beside `lib`, which has TensorFlow's libraries: `nvidia/cublas/lib`. */
  readonly folder: string;
  /** Paths in the wheel's own folder that are needed. */
  readonly files: RegExp;
}

/** But for the driver's. */
const anyLibrary = /^lib\/lib(?!cuda\.|nvidia-)[^/]+\.so\.[\d.]+$/;

/**
 * The CUDA libraries of the versions that TensorFlow 2.20 was built with, which are the oldest ones that
 * `tensorflow[and-cuda]` takes. TensorFlow opens them by name when it looks for a GPU, and finds them from where it lies
 * itself: its RUNPATH has `$ORIGIN/../nvidia/cublas/lib` and so on, and theirs `$ORIGIN/../../cublas/lib`.
 *
 * Left out of what that asks for: NCCL, since a worker has one GPU; cuRAND, which nothing opens; of CUPTI and of the
 * compiler what only profilers and builds need. The driver (libcuda, libnvidia-ml) is never part of it.
 */
export const cudaParts: readonly CudaPart[] = [
  {
    distribution: 'nvidia-cublas-cu12',
    version: '12.5.3.2',
    wheel: 'sha256:ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b',
    wheelBytes: 363_313_169,
    folder: 'cublas',
    files: /^lib\/libcublas(Lt)?\.so\.12$/,
  },
  {
    distribution: 'nvidia-cuda-cupti-cu12',
    version: '12.5.82',
    wheel: 'sha256:bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953',
    wheelBytes: 13_811_507,
    folder: 'cuda_cupti',
    files: /^lib\/libcupti\.so\.12$/,
  },
  {
    // TensorFlow looks for these two in `nvidia/cuda_nvcc`, to compile what it makes up itself.
    distribution: 'nvidia-cuda-nvcc-cu12',
    version: '12.5.82',
    wheel: 'sha256:b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0',
    wheelBytes: 22_468_537,
    folder: 'cuda_nvcc',
    files: /^bin\/ptxas$|^nvvm\/libdevice\/libdevice\.10\.bc$/,
  },
  {
    // Not in the wheel's own `cuda_nvrtc`: cuDNN looks for it here.
    distribution: 'nvidia-cuda-nvrtc-cu12',
    version: '12.5.82',
    wheel: 'sha256:3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd',
    wheelBytes: 24_873_108,
    folder: 'nvrtc',
    files: anyLibrary,
  },
  {
    distribution: 'nvidia-cuda-runtime-cu12',
    version: '12.5.82',
    wheel: 'sha256:3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115',
    wheelBytes: 895_707,
    folder: 'cuda_runtime',
    files: anyLibrary,
  },
  {
    distribution: 'nvidia-cudnn-cu12',
    version: '9.3.0.75',
    wheel: 'sha256:9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d',
    wheelBytes: 577_163_502,
    folder: 'cudnn',
    files: anyLibrary,
  },
  {
    distribution: 'nvidia-cufft-cu12',
    version: '11.2.3.61',
    wheel: 'sha256:9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8',
    wheelBytes: 192_524_114,
    folder: 'cufft',
    files: /^lib\/libcufft\.so\.11$/,
  },
  {
    distribution: 'nvidia-cusolver-cu12',
    version: '11.6.3.83',
    wheel: 'sha256:93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b',
    wheelBytes: 130_341_232,
    folder: 'cusolver',
    files: /^lib\/libcusolver\.so\.11$/,
  },
  {
    distribution: 'nvidia-cusparse-cu12',
    version: '12.5.1.3',
    wheel: 'sha256:016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752',
    wheelBytes: 217_558_979,
    folder: 'cusparse',
    files: anyLibrary,
  },
  {
    distribution: 'nvidia-nvjitlink-cu12',
    version: '12.5.82',
    wheel: 'sha256:f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212',
    wheelBytes: 21_298_879,
    folder: 'nvjitlink',
    files: anyLibrary,
  },
];

/**
 * Where a file of a part's wheel goes, relative to the folder that holds TensorFlow's `lib`; `undefined` for what is not
 * needed. NVIDIA's licence comes along, as it asks for.
 */
export function cudaPath(part: CudaPart, wheelName: string): string | undefined {
  if (/^[^/]+\.dist-info\/License\.txt$/.test(wheelName)) return `nvidia/${part.folder}/License.txt`;
  const name = /^nvidia\/[^/]+\/(.+)$/.exec(wheelName)?.[1];
  return name !== undefined && part.files.test(name) ? `nvidia/${part.folder}/${name}` : undefined;
}
