import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { manifestWith } from '../../crds/test-manifests.ts';
import { distillationJobs, type DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { at } from '../../operator/decide/builders.ts';
import { decide } from '../../operator/decide/decide.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { completeJob } from '../gitops/jobs-by-phase.ts';
import { isSynced } from '../gitops/judge.ts';
import { everythingSaid } from '../gitops/manifests.ts';
import { whyNoJudge } from '../gitops/requirements.ts';
import { openClient } from './open-client.ts';
import { useApiServer, type Answer } from './use-api-server.ts';

const reason = (await whyNoTestServer()) ?? (await whyNoJudge());

async function manifestIn(path: string): Promise<object> {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return parse(await readFile(file, 'utf8')) as object;
}

/** Other examples are for runs on one machine: the API refuses their paths. */
const manifests: readonly (readonly [string, object])[] = [
  ['examples/mnist/cluster.yaml', await manifestIn('examples/mnist/cluster.yaml')],
  ['helm/gitops/jobs/mnist.yaml', await manifestIn('helm/gitops/jobs/mnist.yaml')],
  ['the least', manifestWith({ 'metadata.name': 'least' }) as object],
  ['every list', everythingSaid('everything')],
];

describe.skipIf(cannotRun('Manifests under GitOps', reason))('a manifest', () => {
  const server = useApiServer();
  const held = new AsyncDisposableStack();
  let client: KubeClient;

  beforeAll(() => {
    client = held.use(openClient(server().kubeconfig));
  });
  afterAll(async () => await held.disposeAsync());

  const apply = async (manifest: object, options: readonly string[] = []): Promise<string> =>
    await server().kubectl(['apply', ...options, '-f', '-'], JSON.stringify(manifest));
  const applyAs = async (manager: string, manifest: object): Promise<string> =>
    await apply(manifest, ['--server-side', `--field-manager=${manager}`]);
  /** Fails where there is any. */
  const difference = async (manifest: object, options: readonly string[] = []): Promise<string> =>
    await server().kubectl(['diff', ...options, '-f', '-'], JSON.stringify(manifest));
  const get = async (name: string): Promise<Answer> =>
    JSON.parse(await server().kubectl(['get', 'distill', name, '-o', 'json'])) as Answer;
  const specOf = async (name: string): Promise<Spec> => (await get(name)).spec as object as Spec;
  const nameOf = (manifest: object): string => (manifest as DistillationJobObject).metadata.name ?? '';

  /** Has the operator say that the job is complete. */
  async function complete(name: string): Promise<void> {
    const object = (await get(name)) as unknown as DistillationJobObject;
    const { generation = 0 } = object.metadata;
    const { status } = decide({ ...completeJob, generation }, at(20));
    await client.updateStatus(distillationJobs, { ...object, status });
  }

  test.each(manifests)('%s shows no difference, before and after the operator', async (_what, manifest) => {
    const name = nameOf(manifest);
    await apply(manifest);
    expect(await difference(manifest)).toBe('');
    await complete(name);
    expect(await difference(manifest)).toBe('');
    const before = (await get(name)).metadata;
    await apply(manifest);
    expect((await get(name)).metadata).toEqual(before);
    expect(await isSynced({ target: manifest, live: await get(name) })).toBe(true);
    await server().kubectl(['delete', 'distill', name]);

    await applyAs('git', manifest);
    await complete(name);
    expect(await difference(manifest, ['--server-side', '--field-manager=git'])).toBe('');
    const { metadata } = await get(name);
    await applyAs('git', manifest);
    expect((await get(name)).metadata).toEqual(metadata);
    await server().kubectl(['delete', 'distill', name]);
  });

  test('that was edited shows a difference to both tools', async () => {
    const manifest = manifestWith({ 'metadata.name': 'edited' }) as object;
    await apply(manifest);
    const edited = manifestWith({ 'metadata.name': 'edited', 'spec.backoffLimit': 5 }) as object;
    await expect(difference(edited)).rejects.toThrow(/kubectl .* diff -f -: $/);
    expect(await isSynced({ target: edited, live: await get('edited') })).toBe(false);
  });

  test.each(manifests)('%s, read back and applied again, changes nothing', async (_what, manifest) => {
    const name = nameOf(manifest);
    await apply(manifest);
    await complete(name);
    const before = await get(name);
    const read = parse(await server().kubectl(['get', 'distill', name, '-o', 'yaml'])) as object;
    expect(await difference(read)).toBe('');
    await apply(read);
    const { spec, status, metadata } = await get(name);
    expect({ spec, status, generation: metadata.generation }).toEqual({
      spec: before.spec,
      status: before.status,
      generation: 1,
    });
    expect(await difference(manifest)).toBe('');
    await server().kubectl(['delete', 'distill', name]);
  });

  test('may leave fields to people, which each of both owners keeps', async () => {
    const name = 'shared';
    const git = manifestWith({
      'metadata.name': name,
      'spec.pod': {
        nodeSelector: { disk: 'ssd' },
        env: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example' }],
      },
    }) as object;
    const own = {
      suspend: true,
      pod: {
        nodeSelector: { gpu: 'a100' },
        tolerations: [{ key: 'batch', operator: 'Exists' }],
        env: [{ name: 'NCCL_DEBUG', value: 'INFO' }],
      },
    };
    await applyAs('git', git);
    await applyAs('person', partOf(name, own));
    await applyAs('git', git);
    expect(await difference(git, ['--server-side', '--field-manager=git'])).toBe('');
    expect(await specOf(name)).toMatchObject({
      suspend: true,
      pod: {
        nodeSelector: { disk: 'ssd', gpu: 'a100' },
        tolerations: [{ key: 'batch', operator: 'Exists' }],
        env: [{ name: 'HTTPS_PROXY' }, { name: 'NCCL_DEBUG' }],
      },
    });

    // What Git no longer says goes, and nothing else.
    await applyAs('git', manifestWith({ 'metadata.name': name }) as object);
    const { pod: theirs } = await specOf(name);
    expect(theirs).toMatchObject({ nodeSelector: { gpu: 'a100' }, env: [{ name: 'NCCL_DEBUG' }] });
    expect([theirs.nodeSelector, theirs.env]).toEqual([own.pod.nodeSelector, own.pod.env]);

    // Likewise of the person.
    await applyAs('person', partOf(name, {}));
    const { suspend, pod } = await specOf(name);
    expect({ suspend, nodeSelector: pod.nodeSelector, tolerations: pod.tolerations }).toEqual({
      suspend: false,
      nodeSelector: undefined,
      tolerations: undefined,
    });
  });

  test.each([
    ['suspend', true, false],
    ['backoffLimit', 5, 7],
    ['pod', { nodeSelector: { gpu: 'a100' } }, { nodeSelector: { gpu: 'h100' } }],
    // The elements of this list have no name, here as in pods: it has one owner.
    ['pod', { tolerations: [{ key: 'batch' }] }, { tolerations: [{ key: 'night' }] }],
  ])('that says another %s than another owner is told of the conflict', async (field, first, second) => {
    const name = `conflict-${JSON.stringify(first)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '')}`;
    await applyAs('git', manifestWith({ 'metadata.name': name, [`spec.${field}`]: first }) as object);
    await expect(applyAs('person', partOf(name, { [field]: second }))).rejects.toThrow(
      new RegExp(`conflict with "git".*\\.spec\\.${field}`, 's'),
    );
    expect((await get(name)).spec[field]).toMatchObject(first as object);
  });

  test('that leaves suspend out has it set by kubectl patch, and does not take it back', async () => {
    const manifest = manifestWith({ 'metadata.name': 'patched' }) as object;
    await apply(manifest);
    await applyAs('git', manifestWith({ 'metadata.name': 'patched-too' }) as object);
    for (const name of ['patched', 'patched-too']) {
      await server().kubectl(['patch', 'distill', name, '--type=merge', '-p', '{"spec":{"suspend":true}}']);
    }
    expect(await difference(manifest)).toBe('');
    expect(await isSynced({ target: manifest, live: await get('patched') })).toBe(true);
    await apply(manifest);
    await applyAs('git', manifestWith({ 'metadata.name': 'patched-too' }) as object);
    expect([(await specOf('patched')).suspend, (await specOf('patched-too')).suspend]).toEqual([true, true]);
  });

  test('may change from client-side to server-side apply, and then still lose a field', async () => {
    const name = 'migrated';
    const pod = { nodeSelector: { disk: 'ssd' } };
    const manifest = manifestWith({ 'metadata.name': name, 'spec.pod': pod, 'spec.backoffLimit': 5 });
    await apply(manifest as object);
    await complete(name);
    expect(await apply(manifest as object, ['--server-side'])).toContain('serverside-applied');
    expect((await get(name)).metadata.generation).toBe(1);
    await apply(manifestWith({ 'metadata.name': name }) as object, ['--server-side']);
    const { pod: left, backoffLimit } = await specOf(name);
    expect([left.nodeSelector, backoffLimit]).toEqual([undefined, 3]);
  });

  test('keeps quantities as they are written', async () => {
    const resources = { gpu: { count: 1 }, cpu: '1000m', memory: '1024Mi', sharedMemory: '1.0Gi' };
    const manifest = manifestWith({ 'metadata.name': 'quantities', 'spec.resources': resources }) as object;
    await apply(manifest);
    expect((await get('quantities')).spec['resources']).toMatchObject(resources);
    expect(await difference(manifest)).toBe('');
  });

  test('is refused as a whole when it is edited where results depend on it, and told what to do', async () => {
    const manifest = manifestWith({ 'metadata.name': 'fixed' }) as object;
    await apply(manifest);
    const edited = manifestWith({
      'metadata.name': 'fixed',
      'spec.distill.epochs': 5,
      'spec.backoffLimit': 9,
    });
    await expect(apply(edited as object)).rejects.toThrow('create another DistillationJob');
    expect((await specOf('fixed')).backoffLimit).toBe(3);
  });
});

interface Spec {
  readonly suspend: boolean;
  readonly backoffLimit: number;
  readonly pod: {
    readonly nodeSelector?: object;
    readonly tolerations?: readonly object[];
    readonly env?: readonly object[];
  };
}

/** What an owner says who has only these fields. */
function partOf(name: string, spec: object): object {
  return { apiVersion: 'blockstill.dev/v1alpha1', kind: 'DistillationJob', metadata: { name }, spec };
}
