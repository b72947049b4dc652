import { randomBytes } from 'node:crypto';
import {
  ApiException,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { afterAll, beforeAll } from 'vitest';
import { group, version } from '../../crds/distillation-job.ts';
import { startApiServer } from '../cluster/api-server.ts';
import { define } from '../cluster/definition.ts';
import { kubectl } from '../cluster/kubectl.ts';

/** A resource as the API server answers it. */
export interface Answer {
  readonly metadata: { readonly name: string; readonly generation: number; readonly resourceVersion: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
}

/** Why a resource was refused: each mistake, with its field. */
export interface Refusal {
  readonly code: number;
  readonly causes: readonly { readonly field: string; readonly message: string }[];
}

/** An API server that knows DistillationJobs, and a namespace of the test file. */
export interface TestServer {
  readonly namespace: string;
  /** The path of the administrator's. */
  readonly kubeconfig: string;
  kubectl(commandArguments: readonly string[], input?: string): Promise<string>;
  /** Creates a job, or with `dryRun` only asks whether it would be accepted. */
  create(manifest: unknown, options?: { dryRun: boolean }): Promise<Answer | Refusal>;
  /** A merge patch, RFC 7386. */
  patch(name: string, patch: object): Promise<Answer | Refusal>;
}

export function isRefusal(answer: Answer | Refusal): answer is Refusal {
  return 'causes' in answer;
}

/** Gives the tests of a file an API server: the one that the developer names, or a new one. */
export function useApiServer(): () => TestServer {
  let server: TestServer | undefined;
  const held = new AsyncDisposableStack();
  beforeAll(async () => {
    const kubeconfig =
      process.env['BLOCKSTILL_TEST_KUBECONFIG'] || held.use(await startApiServer()).kubeconfig;
    await define(kubeconfig);
    const namespace = `blockstill-test-${randomBytes(4).toString('hex')}`;
    await kubectl(kubeconfig, ['create', 'namespace', namespace]);
    held.defer(async () => {
      await kubectl(kubeconfig, ['delete', 'namespace', namespace, '--wait=false']);
    });
    server = testServer(kubeconfig, namespace);
  });
  afterAll(async () => await held.disposeAsync());
  return () => {
    if (server === undefined) throw new Error('There is an API server only while tests run.');
    return server;
  };
}

function testServer(kubeconfig: string, namespace: string): TestServer {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const client = config.makeApiClient(CustomObjectsApi);
  const place = { group, version, namespace, plural: 'distillationjobs' };
  return {
    namespace,
    kubeconfig,
    kubectl: async (commandArguments, input) =>
      await kubectl(kubeconfig, ['--namespace', namespace, ...commandArguments], input),
    create: async (manifest, { dryRun } = { dryRun: false }) =>
      await answerOrRefusal(
        client.createNamespacedCustomObject({
          ...place,
          body: manifest,
          ...(dryRun ? { dryRun: 'All' } : {}),
        }),
      ),
    patch: async (name, patch) =>
      await answerOrRefusal(
        client.patchNamespacedCustomObject(
          { ...place, name, body: patch },
          setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        ),
      ),
  };
}

async function answerOrRefusal(call: Promise<unknown>): Promise<Answer | Refusal> {
  try {
    return (await call) as Answer;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const status = JSON.parse(String(error.body)) as { details?: Pick<Refusal, 'causes'> };
    return { code: error.code, causes: status.details?.causes ?? [] };
  }
}
