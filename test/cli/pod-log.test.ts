import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifestWith } from '../../crds/test-manifests.ts';
import { annotations, labels, workerContainer } from '../../operator/cluster/names.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { startCluster, type Cluster } from '../cluster/cluster.ts';
import { define } from '../cluster/definition.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { toolsImage } from '../cluster/node/test-images.ts';
import { whyNoCluster } from '../cluster/requirements.ts';
import { startCli, type CliProcess } from './start-cli.ts';

const namespace = 'team';

describe.skipIf(cannotRun('The suite with real pods', await whyNoCluster()))('the log of a pod', () => {
  const held = new AsyncDisposableStack();
  let cluster: Cluster;
  let uid = '';

  beforeAll(async () => {
    cluster = held.use(await startCluster({ gpus: 0 }));
    await define(cluster.kubeconfig);
    await kubectl(cluster.kubeconfig, ['create', 'namespace', namespace]);
    await ask('wait', '--for=create', 'serviceaccount/default', '--timeout=30s');
    await apply(manifestWith({ 'metadata.name': 'mnist' }));
    uid = await ask('get', 'distill', 'mnist', '-o', 'jsonpath={.metadata.uid}');
  });
  afterAll(async () => await held.disposeAsync());

  async function ask(...call: readonly string[]): Promise<string> {
    return await kubectl(cluster.kubeconfig, ['--namespace', namespace, ...call]);
  }

  async function apply(object: unknown): Promise<void> {
    const call = ['--namespace', namespace, 'apply', '-f', '-'];
    await kubectl(cluster.kubeconfig, call, JSON.stringify(object));
  }

  /** The pod of an attempt at the block `conv_1`, which runs a script in the worker's place. */
  async function runPod(attempt: number, script: string): Promise<string> {
    const name = `mnist-u000-${attempt}-abcde`;
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        labels: {
          [labels.jobUid]: uid,
          [labels.jobName]: 'mnist',
          [labels.stage]: 'distill',
          [labels.unit]: '0',
          [labels.attempt]: String(attempt),
          [labels.retry]: '0',
          [labels.revision]: '1',
        },
        annotations: { [annotations.blocks]: 'conv_1' },
      },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: workerContainer,
            image: toolsImage,
            imagePullPolicy: 'Never',
            command: ['sh', '-c', script],
          },
        ],
      },
    });
    return name;
  }

  function logs(...options: readonly string[]): CliProcess {
    const parameters = ['logs', 'mnist', 'conv_1', '--namespace', namespace, ...options];
    return startCli(cluster.kubeconfig, parameters);
  }

  async function logOf(...options: readonly string[]): Promise<string> {
    await using process = logs(...options);
    expect(await process.ended).toBe(0);
    return process.out;
  }

  test('is followed to the end of the container, and is that of the attempt asked for', async () => {
    await runPod(1, 'echo first; exit 1');
    const second = await runPod(2, 'echo one; sleep 3; echo two; echo Größe');
    expect(await logOf('--follow')).toBe('one\ntwo\nGröße\n');
    expect(await logOf()).toBe(await ask('logs', second));
    expect(await logOf('--previous')).toBe('first\n');
    expect(await logOf('--attempt', '1')).toBe('first\n');
  });

  test('is left alone on Ctrl-C, and goes with its pod', async () => {
    const third = await runPod(3, 'echo begun; sleep 3600');
    await ask('wait', '--for=condition=Ready', `pod/${third}`, '--timeout=60s');
    await using process = logs('--follow');
    await process.printed('begun\n');
    process.kill('SIGINT');
    expect(await process.ended).toBe(130);
    expect(process.error).toBe('');
    await ask('delete', 'pod', 'mnist-u000-1-abcde');
    await using gone = logs('--attempt', '1');
    expect(await gone.ended).toBe(1);
    expect(gone.error).toContain('The pod of attempt 1 at the block conv_1 is gone, and its log with it.');
    expect(gone.error).toContain('1 (nothing is left of it), 2 (succeeded), 3 (running)');
  });
});
