import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeProgram } from '../tensorflow/fake-wheel.ts';
import { buildKubernetes } from './build-kubernetes.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A cache folder, and a `go` that does for `go build` what `build` says, with the file to make in `$out`. */
async function machineWhereGo(build: string) {
  const machine = await mkdtempDisposable(join(tmpdir(), 'blockstill-build-'));
  const path = await fakeProgram(
    machine.path,
    'go',
    `case "$3" in
version) echo go version go1.99.0 linux/amd64 ;;
list) printf 'fmt\\nnet\\n' ;;
build) out=$(printf '%s\\n' "$@" | grep -A 1 -x -e -o | tail -n 1); ${build} ;;
esac`,
  );
  vi.stubEnv('PATH', path);
  const cache = join(machine.path, 'cache');
  return { cache, folder: join(cache, 'kube-1'), [Symbol.asyncDispose]: async () => await machine.remove() };
}

function options(signal = new AbortController().signal) {
  const said: string[] = [];
  return { said, output: { write: (text: string) => void said.push(text), isTerminal: false }, signal };
}

test('one program is there under the names of all, and the waiting is announced', async () => {
  await using machine = await machineWhereGo('echo "$out" > "$out"');
  const { said, ...rest } = options();
  await buildKubernetes(machine.folder, rest);
  expect(await readdir(machine.cache)).toEqual(['kube-1']);
  expect(await readFile(join(machine.folder, 'kubelet'), 'utf8')).toMatch(/\/kube\n$/);
  expect(await readFile(join(machine.folder, 'pause'), 'utf8')).toMatch(/\/pause\n$/);
  expect(said[0]).toMatch(/^Waiting for the build of Kubernetes v1\.\d+\.\d+ from source.*about 8 minutes/);
});

test('an interrupted build leaves nothing behind', async () => {
  await using machine = await machineWhereGo('echo > "$out"; exec sleep 600');
  const interruption = new AbortController();
  const build = buildKubernetes(machine.folder, options(interruption.signal));
  await vi.waitFor(async () => {
    const names = await readdir(machine.cache, { recursive: true });
    expect(names.some((name) => name.endsWith('/kube'))).toBe(true);
  });
  interruption.abort();
  await expect(build).rejects.toThrow('aborted');
  expect(await readdir(machine.cache)).toEqual([]);
});

test('what the compiler said is in the error', async () => {
  await using machine = await machineWhereGo('echo "main.go:1: no space left on device" >&2; exit 1');
  await expect(buildKubernetes(machine.folder, options())).rejects.toMatchObject({
    code: 'setup/compiler-failed',
    hint: expect.stringContaining('no space left on device') as unknown,
  });
  expect(await readdir(machine.cache)).toEqual([]);
});
