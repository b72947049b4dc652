import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageSuite, whyNoImageBuilder } from '../../scripts/images/image-builder.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import { terminationLog } from '../../worker/contract/pod.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { SmallJob } from '../worker/small-job.ts';
import { gpuCode } from './gpu-code.ts';
import { ImageBuilder, type BuiltImage } from './image-builder.ts';
import { filesOfImage, programsOfImage } from './image-files.ts';
import { runImage } from './run-image.ts';
import { unitInContainer } from './unit-in-container.ts';

const root = dirname(dirname(import.meta.dirname));
const dependencies = '/app/node_modules/@tensorflow/tfjs-node-gpu/deps';

/** It takes 2.2 GB of downloads and 20 GB of disk, so it is built only when it is asked for. */
const asked = Boolean(process.env['BLOCKSTILL_TEST_CUDA_IMAGE']);

describe.skipIf(!asked || cannotRun(imageSuite, await whyNoImageBuilder()))('the image for CUDA 12', () => {
  const held = new AsyncDisposableStack();
  let image: BuiltImage;
  let libraries: readonly string[] = [];

  beforeAll(async () => {
    const builder = held.use(await ImageBuilder.create());
    const containerfile = 'images/worker.Containerfile';
    const id = await builder.build({ containerfile, context: root, buildArguments: { TENSORFLOW: 'gpu' } });
    image = await builder.open(id);
    libraries = (await filesOfImage(image.files))
      .map(({ path }) => path)
      .filter((path) => path.startsWith(`${dependencies}/nvidia/`) && /\.so\./.test(path));
  }, 3_600_000);
  afterAll(async () => await held.disposeAsync(), 300_000);

  /** Runs a module in the image that prints JSON. */
  async function evaluate(program: string): Promise<unknown> {
    const result = await runImage(image, {
      entrypoint: ['node', '--input-type=module', '--eval', `import koffi from 'koffi';\n${program}`],
    });
    expect(result.code, result.stderr).toBe(0);
    return JSON.parse(result.stdout);
  }

  test('has no other programs than the assembler of CUDA, and nothing of the driver', async () => {
    expect(await programsOfImage(image.files)).toEqual([
      `${dependencies}/nvidia/cuda_nvcc/bin/ptxas`,
      '/usr/local/bin/node',
    ]);
    const all = (await filesOfImage(image.files)).map(({ path }) => path);
    expect(all.filter((path) => /libcuda\.so|libnvidia-/.test(path))).toEqual([]);
  });

  test('has what each library needs', async () => {
    expect(libraries.length).toBeGreaterThan(15);
    for (const library of libraries) {
      const list = await runImage(image, { entrypoint: ['/lib64/ld-linux-x86-64.so.2', '--list', library] });
      expect(list.code, `${library}: ${list.stderr}`).toBe(0);
      expect(list.stdout, library).not.toContain('not found');
    }
  });

  test('has what TensorFlow opens before it looks for GPUs, where it looks', async () => {
    // Its own function for that. The status is returned by address; 1 is what absl has for "OK".
    const opened = await evaluate(`
      import { readFileSync } from 'node:fs';
      const framework = koffi.load('${dependencies}/lib/libtensorflow_framework.so.2');
      const tryAll = framework.func('void _ZN3tsl8internal9DsoLoader22TryDlopenCUDALibrariesEv(_Out_ uint64_t *status)');
      const status = [0];
      tryAll(status);
      const maps = readFileSync('/proc/self/maps', 'utf8');
      const names = [...new Set(maps.match(/lib[\\w]+\\.so\\.[\\d.]+(?=$)/gm))];
      console.log(JSON.stringify({ status: Number(status[0]), names }));`);
    expect(opened).toMatchObject({
      status: 1,
      names: expect.arrayContaining([
        'libcudart.so.12',
        'libcublas.so.12',
        'libcublasLt.so.12',
        'libcufft.so.11',
        'libcusolver.so.11',
        'libcusparse.so.12',
        'libcudnn.so.9',
      ]),
    });
  });

  test('has the versions that TensorFlow was built with, which find their own parts', async () => {
    const versions = await evaluate(`
      const load = (folder, name) => koffi.load('${dependencies}/nvidia/' + folder + '/lib/' + name);
      const cudnn = load('cudnn', 'libcudnn.so.9');
      const check = (name) => cudnn.func('int cudnn' + name + 'VersionCheck()')();
      const [major, minor] = [[0], [0]];
      load('nvrtc', 'libnvrtc.so.12').func('int nvrtcVersion(_Out_ int *major, _Out_ int *minor)')(major, minor);
      const runtime = [0];
      load('cuda_runtime', 'libcudart.so.12').func('int cudaRuntimeGetVersion(_Out_ int *version)')(runtime);
      console.log(JSON.stringify({
        cudnn: Number(cudnn.func('size_t cudnnGetVersion()')()),
        cudnnBuiltWith: Number(cudnn.func('size_t cudnnGetCudartVersion()')()),
        parts: ['Graph', 'Ops', 'Cnn', 'Adv'].map(check),
        cublasLt: Number(load('cublas', 'libcublasLt.so.12').func('size_t cublasLtGetVersion()')()),
        nvrtc: [major[0], minor[0]],
        runtime: runtime[0],
      }));`);
    expect(versions).toEqual({
      cudnn: 90300,
      cudnnBuiltWith: 12060,
      parts: [0, 0, 0, 0],
      cublasLt: 120503,
      nvrtc: [12, 5],
      runtime: 12050,
    });
  });

  test('has code for the generations that docs/gpus.md names', async () => {
    const codeOf = async (path: string) => await gpuCode(join(image.files, dependencies, path));
    expect(await codeOf('lib/libtensorflow_cc.so.2')).toEqual({
      native: { 60: 1397, 70: 1397, 80: 1397, 89: 1397, 90: 248 },
      ptx: { 90: 1397 },
    });
    for (const path of [
      'cublas/lib/libcublas.so.12',
      'cudnn/lib/libcudnn_ops.so.9',
      'cudnn/lib/libcudnn_cnn.so.9',
    ]) {
      const { native, ptx } = await codeOf(`nvidia/${path}`);
      expect(Object.keys(native), path).toEqual(
        expect.arrayContaining(['60', '61', '70', '75', '80', '86', '90']),
      );
      // Nothing for Blackwell.
      expect(Math.max(...[...Object.keys(native), ...Object.keys(ptx)].map(Number)), path).toBe(90);
    }
  });

  test('without a GPU ends soon, with a sentence and a code', async () => {
    await using job = await SmallJob.create({
      teacher: await networkOf(vgg()),
      spec: { execution: { device: 'GPU' } },
    });
    const unit = await unitInContainer(job, { stage: 'Prepare', unit: 'prepare' });
    const result = await runImage(image, { ...unit, seconds: 120 });
    const message = await readFile(unit.volumes[terminationLog] ?? '', 'utf8');
    expect(result.code, result.stderr).toBe(exitCode.Failed);
    expect(message).toContain('A GPU was asked for, but TensorFlow does not use one');
    expect(message).toContain('nvidia-smi');
  });

  test('trains on the processor where that is asked for', async () => {
    await using job = await SmallJob.create({ teacher: await networkOf(vgg()) });
    const unit = await unitInContainer(job, { stage: 'Prepare', unit: 'prepare' });
    const result = await runImage(image, { ...unit, seconds: 120 });
    const message = join(unit.volumes[terminationLog] ?? '');
    expect(result.code, await readFile(message, 'utf8')).toBe(exitCode.Committed);
  });
});
