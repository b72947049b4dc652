import { expect, test } from 'vitest';
import { cudaParts, cudaPath } from './cuda.ts';

/** Where files of the wheels of CUDA 12.5 and cuDNN 9.3 are to go; as `unzip -l` lists them. */
const files: Readonly<Record<string, readonly (readonly [string, string | undefined])[]>> = {
  'nvidia-cublas-cu12': [
    ['nvidia/cublas/lib/libcublas.so.12', 'nvidia/cublas/lib/libcublas.so.12'],
    ['nvidia/cublas/lib/libcublasLt.so.12', 'nvidia/cublas/lib/libcublasLt.so.12'],
    ['nvidia/cublas/lib/libnvblas.so.12', undefined],
    ['nvidia/cublas/include/cublas.h', undefined],
    ['nvidia/cublas/__init__.py', undefined],
    ['nvidia_cublas_cu12-12.5.3.2.dist-info/License.txt', 'nvidia/cublas/License.txt'],
  ],
  'nvidia-cuda-nvrtc-cu12': [
    // cuDNN's RUNPATH says nvrtc.
    ['nvidia/cuda_nvrtc/lib/libnvrtc.so.12', 'nvidia/nvrtc/lib/libnvrtc.so.12'],
    ['nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.5', 'nvidia/nvrtc/lib/libnvrtc-builtins.so.12.5'],
  ],
  'nvidia-cuda-nvcc-cu12': [
    ['nvidia/cuda_nvcc/bin/ptxas', 'nvidia/cuda_nvcc/bin/ptxas'],
    ['nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc', 'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc'],
    ['nvidia/cuda_nvcc/nvvm/bin/cicc', undefined],
  ],
  'nvidia-cudnn-cu12': [
    ['nvidia/cudnn/lib/libcudnn.so.9', 'nvidia/cudnn/lib/libcudnn.so.9'],
    [
      'nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9',
      'nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9',
    ],
    ['nvidia/cudnn/include/cudnn.h', undefined],
  ],
  'nvidia-cuda-cupti-cu12': [
    ['nvidia/cuda_cupti/lib/libcupti.so.12', 'nvidia/cuda_cupti/lib/libcupti.so.12'],
    ['nvidia/cuda_cupti/lib/libnvperf_host.so', undefined],
  ],
};

test.each(Object.entries(files))('of %s what is needed goes where it is looked for', (name, expected) => {
  const part = cudaParts.find(({ distribution }) => distribution === name);
  if (part === undefined) throw new Error(`no ${name}`);
  for (const [from, to] of expected) expect(cudaPath(part, from), from).toBe(to);
});

test('nothing of the driver is among it', () => {
  for (const part of cudaParts) {
    for (const name of ['lib/libcuda.so.1', 'lib/libnvidia-ml.so.1', 'lib/stubs/libcuda.so']) {
      expect(cudaPath(part, `nvidia/${part.folder}/${name}`)).toBeUndefined();
    }
  }
});
