import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type Cluster } from './cluster.ts';
import { cannotRun } from './cannot-run.ts';
import { kubectl } from './kubectl.ts';
import { toolsImage } from './node/test-images.ts';
import { whyNoCluster } from './requirements.ts';
import { waitFor } from './wait-for.ts';

/** A pod's container, as the restricted Pod Security level wants it. */
function container(script: string, limits: Record<string, unknown> = {}): object {
  return {
    name: 'main',
    image: toolsImage,
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script],
    resources: { limits },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
}

function podSpec(script: string, limits?: Record<string, unknown>): object {
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container(script, limits)],
  };
}

function pod(name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { set: name.split('-')[0] } }, spec };
}

function job(name: string, script: string, spec: object): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { ...spec, template: { spec: podSpec(script) } },
  };
}

const failurePolicy = {
  rules: [
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [64] } },
    { action: 'Ignore', onExitCodes: { operator: 'In', values: [75] } },
  ],
};

describe.skipIf(cannotRun('The suite with real pods', await whyNoCluster()))(
  'a cluster with a real node',
  () => {
    const held = new AsyncDisposableStack();
    let cluster: Cluster | undefined;

    beforeAll(async () => {
      cluster = held.use(await startCluster({ gpus: 4 }));
      await run('create', 'namespace', 'test');
      await run('label', 'namespace', 'test', 'pod-security.kubernetes.io/enforce=restricted');
      await run('wait', '--for=create', 'serviceaccount/default', '--timeout=30s');
    });
    afterAll(async () => await held.disposeAsync());

    async function run(...call: readonly string[]): Promise<string> {
      return await kubectl(cluster?.kubeconfig ?? '', ['--namespace', 'test', ...call]);
    }

    async function apply(...objects: readonly object[]): Promise<void> {
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      await kubectl(cluster?.kubeconfig ?? '', ['--namespace', 'test', 'apply', '-f', '-'], list);
    }

    async function phases(selector: string): Promise<readonly string[]> {
      const path = String.raw`jsonpath={range .items[*]}{.status.phase}{"\n"}{end}`;
      return (await run('get', 'pods', '--selector', selector, '-o', path)).trim().split('\n').sort();
    }

    test('runs as many pods with a GPU as it has GPUs, each with its own, and the next one afterwards', async () => {
      const script = 'echo $NVIDIA_VISIBLE_DEVICES; sleep 3600';
      const names = ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4', 'gpu-5'];
      await apply(...names.map((name) => pod(name, podSpec(script, { 'nvidia.com/gpu': 1 }))));
      await waitFor('four pods that run', async () =>
        (await phases('set=gpu')).join() === 'Pending,Running,Running,Running,Running' ? true : undefined,
      );
      const waiting = (
        await run(
          'get',
          'pods',
          '--field-selector=status.phase=Pending',
          '-o',
          'jsonpath={.items[0].metadata.name}',
        )
      ).trim();
      const reason = await run('get', 'pod', waiting, '-o', 'jsonpath={.status.conditions[0].message}');
      expect(reason).toContain('Insufficient nvidia.com/gpu');
      const running = names.filter((name) => name !== waiting);
      const devices = await Promise.all(running.map(async (name) => (await run('logs', name)).trim()));
      expect(devices.toSorted()).toEqual([0, 1, 2, 3].map((index) => `GPU-pretend-${index}`));
      await run('delete', 'pod', running[0] ?? '');
      await run('wait', '--for=condition=Ready', `pod/${waiting}`, '--timeout=60s');
      expect((await run('logs', waiting)).trim()).toBe(devices[0]);
      await run('delete', 'pod', '--selector', 'set=gpu');
    });

    test('refuses a pod that is not restricted', async () => {
      const spec = {
        containers: [{ name: 'main', image: toolsImage, securityContext: { privileged: true } }],
      };
      await expect(apply(pod('privileged', spec))).rejects.toThrow(
        'violates PodSecurity "restricted:latest"',
      );
    });

    test('keeps the termination message and the exit code', async () => {
      await apply(pod('message', podSpec('echo -n result > /dev/termination-log; exit 3')));
      await run('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/message', '--timeout=60s');
      const state = await run(
        'get',
        'pod',
        'message',
        '-o',
        'jsonpath={.status.containerStatuses[0].state.terminated}',
      );
      expect(JSON.parse(state)).toMatchObject({ exitCode: 3, message: 'result' });
    });

    test('fails a Job at once for an exit code that its policy names', async () => {
      await apply(job('bad-input', 'exit 64', { backoffLimit: 3, podFailurePolicy: failurePolicy }));
      await run('wait', '--for=condition=Failed', 'job/bad-input', '--timeout=60s');
      const { status } = JSON.parse(await run('get', 'job', 'bad-input', '-o', 'json')) as {
        status: { failed: number; conditions: { type: string; reason: string }[] };
      };
      expect(status.failed).toBe(1);
      expect(status.conditions.find(({ type }) => type === 'Failed')?.reason).toBe('PodFailurePolicy');
    });

    test('starts another pod for an exit code that its policy ignores', async () => {
      await apply(job('preempted', 'exit 75', { backoffLimit: 0, podFailurePolicy: failurePolicy }));
      await waitFor('a second pod', async () =>
        (await phases('job-name=preempted')).length > 1 ? true : undefined,
      );
      expect(await run('get', 'job', 'preempted', '-o', 'jsonpath={.status.conditions}')).toBe('');
      await run('delete', 'job', 'preempted');
    });

    test.each([
      ['its own address', () => new URL(cluster?.apiServer.url ?? '').host.replace(':', ' ')],
      ['that of its service', () => '$KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT'],
    ])('lets a pod reach the API server at %s, and this machine reach a pod', async (name, place) => {
      const client = `client-${name.split(' ')[0]}`;
      // The server of a secure port says in plain words that it is one; busybox has no TLS that it would take.
      const ask = `echo 'GET / HTTP/1.0' | nc ${place()} > /tmp/answer`;
      const tell = 'while true; do nc -l -p 8080 < /tmp/answer; done';
      await apply(pod(client, podSpec(`${ask}; ${tell}`)));
      await run('wait', '--for=condition=Ready', `pod/${client}`, '--timeout=60s');
      const address = await run('get', 'pod', client, '-o', 'jsonpath={.status.podIP}');
      const said = await waitFor(
        'the pod to answer',
        async () => (await textFrom(address, 8080)) || undefined,
      );
      expect(said).toContain('sent an HTTP request to an HTTPS server');
    });
  },
);

/** All that a TCP server says; nothing when none listens. */
async function textFrom(host: string, port: number): Promise<string> {
  let text = '';
  return await new Promise((resolve) => {
    const socket = connect(port, host);
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}
