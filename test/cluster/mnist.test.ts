import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { startOperator } from '../operator/start-operator.ts';
import { cannotRun } from './cannot-run.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { define } from './definition.ts';
import { kubectl } from './kubectl.ts';
import { operatorKubeconfig } from './operator-kubeconfig.ts';
import { whyNoCluster } from './requirements.ts';
import { waitFor } from './wait-for.ts';
import { writeWorkerImage } from './worker-image.ts';
import { sharedVolume } from './worker-pod.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/mnist');
const operatorProgram = join(root, 'operator/main.ts');
const namespace = 'team';
const run = promisify(execFile);

/** Otherwise fewer epochs: what is compared is the same for any number of them. */
const isWhole = process.env['BLOCKSTILL_WHOLE_EXAMPLE'] === '1';

interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly automountServiceAccountToken?: boolean };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

describe.skipIf(cannotRun('The MNIST example on a cluster', await whyNoCluster()))(
  'the MNIST example on a cluster with four GPUs',
  () => {
    const held = new AsyncDisposableStack();
    let cluster: Cluster;
    let folder = '';

    beforeAll(async () => {
      folder = held.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-mnist-'))).path;
      await run(process.execPath, [join(example, 'make-data.ts')]);
      const image = await writeWorkerImage();
      cluster = held.use(await startCluster({ gpus: 4 }));
      const { kubeconfig } = cluster;
      await cluster.loadImage(image.archive);
      await define(kubeconfig);
      await kubectl(kubeconfig, ['create', 'namespace', namespace]);
      await kubectl(kubeconfig, [
        'label',
        'namespace',
        namespace,
        'pod-security.kubernetes.io/enforce=restricted',
      ]);
      await kubectl(kubeconfig, [
        '-n',
        namespace,
        'wait',
        '--for=create',
        'serviceaccount/default',
        '--timeout=30s',
      ]);
      await provideClaim();
      const operator = await operatorKubeconfig(kubeconfig, folder);
      held.use(
        await startOperator({
          program: operatorProgram,
          args: [
            '--kubeconfig',
            operator,
            '--listen',
            'off',
            '--worker-image',
            image.reference,
            '--worker-image-pull-policy',
            'Never',
          ],
        }),
      );
    });
    afterAll(async () => await held.disposeAsync());

    async function ask(...call: readonly string[]): Promise<string> {
      return await kubectl(cluster.kubeconfig, ['--namespace', namespace, ...call]);
    }

    async function apply(...objects: readonly object[]): Promise<void> {
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      await kubectl(cluster.kubeconfig, ['--namespace', namespace, 'apply', '-f', '-'], list);
    }

    /** The claim of the example, on a folder of this machine. */
    async function provideClaim(): Promise<void> {
      const content = join(folder, 'claim');
      await mkdir(content);
      for (const name of ['teacher', 'data'])
        await cp(join(example, name), join(content, name), { recursive: true });
      await runCommand('chown', ['-R', '65532:65532', content]);
      const { persistentVolume, claim } = sharedVolume({ claim: 'mnist', folder: content }, namespace);
      await apply(persistentVolume);
      await ask('wait', '--for=jsonpath={.status.phase}=Available', 'pv/mnist', '--timeout=30s');
      await apply(claim);
    }

    /**
     * A manifest of the example on the CPU, and shorter unless the whole one is asked for. One separable convolution in place
     * of two is worth it for the first block, too, so that there are five for four GPUs.
     */
    async function manifest(name: string): Promise<string> {
      const text = await readFile(join(example, name), 'utf8');
      const changed = '  replacement:\n    candidates: [{ repeats: 1 }]\n  execution:\n    device: CPU\n';
      const onCpu = text.replace('    device: CPU\n', '').replace('  execution:\n', changed);
      return isWhole ? onCpu : onCpu.replace('epochs: 7', 'epochs: 2').replace('epochs: 3', 'epochs: 1');
    }

    async function status(): Promise<DistillationJobStatus> {
      const object = JSON.parse(await ask('get', 'distill', 'mnist', '-o', 'json')) as {
        status: DistillationJobStatus;
      };
      return object.status;
    }

    async function pods(stage: string): Promise<readonly Pod[]> {
      const list = JSON.parse(
        await ask('get', 'pods', '-l', `blockstill.dev/stage=${stage}`, '-o', 'json'),
      ) as { items: Pod[] };
      return list.items;
    }

    async function local(): Promise<DistillationJobStatus> {
      const path = join(folder, 'local.yaml');
      const text = await manifest('job.yaml');
      await writeFile(
        path,
        text
          .replace(/(uri|labelsUri): \.\/(teacher|data)/gi, `$1: ${example}/$2`)
          .replace('uri: ./student', `uri: ${join(folder, 'student')}`),
      );
      const program = join(root, 'bin/blockstill');
      const storage = ['--storage', join(folder, 'storage')];
      const options = { maxBuffer: 1 << 28 };
      await run(program, ['run', path, ...storage], options);
      const { stdout } = await run(program, ['status', path, ...storage, '--output', 'json'], options);
      return JSON.parse(stdout) as DistillationJobStatus;
    }

    test('runs a block a pod, four at once, and makes the same student as one machine', async () => {
      await kubectl(
        cluster.kubeconfig,
        ['--namespace', namespace, 'apply', '-f', '-'],
        await manifest('cluster.yaml'),
      );
      await waitFor(
        'four units that run',
        async () => {
          const running = (await pods('distill')).filter((pod) => pod.status.phase === 'Running');
          return running.length === 4 ? true : undefined;
        },
        240,
      );
      const path = 'jsonpath={.status.conditions[?(@.type=="Reconciling")].message}';
      const waiting = await waitFor('the fifth unit to wait', async () => {
        const message = await ask('get', 'distill', 'mnist', '-o', path);
        return message.includes('waits for a node') ? message : undefined;
      });
      expect(waiting).toMatch(
        /^4 of 5 units are running\. unit-00\d waits for a node: 0\/1 nodes are available: 1 Insufficient nvidia.com\/gpu/,
      );
      expect(await pods('distill')).toHaveLength(5);
      const during = await waitFor(
        'progress in the status',
        async () => {
          const now = await status();
          const shown = now.blocks?.some(({ state, progress = 0 }) => state === 'Running' && progress > 0);
          return shown || now.phase === 'Finetuning' || now.phase === 'Complete' ? now : undefined;
        },
        240,
      );
      expect(during.phase).toBe('Distilling');
      expect(during.progress?.etaSeconds).toBeGreaterThan(0);
      expect(during.conditions?.find(({ type }) => type === 'Reconciling')).toMatchObject({ status: 'True' });
      await ask('wait', '--for=condition=Finished', 'distill/mnist', '--timeout=900s');
      const there = await status();
      const here = await local();
      expect([there.phase, here.phase]).toEqual(['Complete', 'Complete']);
      expect(there.student?.digest).toBe(here.student?.digest);
      expect(there.student?.digest).toMatch(/^sha256:/);
      expect(there.student?.stages).toEqual(here.student?.stages);
      expect(there.teacher?.digest).toBe(here.teacher?.digest);
      expect(there.blocks).toHaveLength(5);
      expect(there.speedup?.workers).toBe(4);
      const columns = (await ask('get', 'distill', 'mnist', '--no-headers')).trim().split(/\s{2,}|\s(?=\d)/);
      expect(columns[0]).toBe('mnist');
    }, 1_800_000);

    test('gives pods no credentials of the API', async () => {
      for (const stage of ['prepare', 'distill', 'finetune']) {
        for (const { spec } of await pods(stage)) expect(spec.automountServiceAccountToken).toBe(false);
      }
      expect(await pods('distill')).toHaveLength(5);
    });

    test('waits for a claim that is missing, and says so', async () => {
      const text = (await manifest('cluster.yaml'))
        .replace('name: mnist\nspec', 'name: unclaimed\nspec')
        .replace('claimName: mnist', 'claimName: missing');
      await kubectl(cluster.kubeconfig, ['--namespace', namespace, 'apply', '-f', '-'], text);
      const path = 'jsonpath={.status.conditions[?(@.reason=="WaitingForVolume")].message}';
      const message = await waitFor(
        'the condition',
        async () => (await ask('get', 'distill', 'unclaimed', '-o', path)) || undefined,
      );
      expect(message).toContain('persistentvolumeclaim "missing" not found');
      await ask('delete', 'distill', 'unclaimed');
    });

    test('waits for a volume that can not be mounted, and says why', async () => {
      const text = (await manifest('cluster.yaml'))
        .replace('name: mnist\nspec', 'name: unmounted\nspec')
        .replace(/^( *)volumes:\n/m, '$1volumes:\n$1  - { name: extra, secret: { secretName: absent } }\n')
        .replace(/^( *)volumeMounts:\n/m, '$1volumeMounts:\n$1  - { name: extra, mountPath: /extra }\n');
      await kubectl(cluster.kubeconfig, ['--namespace', namespace, 'apply', '-f', '-'], text);
      const path = 'jsonpath={.status.conditions[?(@.reason=="WaitingForVolume")].message}';
      const message = await waitFor(
        'the condition',
        async () => (await ask('get', 'distill', 'unmounted', '-o', path)) || undefined,
        90,
      );
      expect(message).toMatch(/^prepare waits for a volume: .*secret "absent" not found/);
      await ask('delete', 'distill', 'unmounted');
    });
  },
);
