import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOfBytes } from '../../common/digest.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import { progressPort } from '../../worker/contract/pod.ts';
import { progressSchema, type Progress } from '../../worker/contract/progress.ts';
import type { DistillResult, FinetuneResult } from '../../worker/contract/unit-result.ts';
import type { Reference, UnitSpec } from '../../worker/contract/unit-spec.ts';
import { decodeUnitMessage, type UnitMessage } from '../../worker/contract/unit-message.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { SmallJob, type RunUnit } from '../worker/small-job.ts';
import { cannotRun } from './cannot-run.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { kubectl } from './kubectl.ts';
import { whyNoCluster } from './requirements.ts';
import { waitFor } from './wait-for.ts';
import { writeWorkerImage } from './worker-image.ts';
import { sharedVolume, workerJob, workerPod, type SharedVolume, type WorkerPod } from './worker-pod.ts';

const namespace = 'workers';
const finalizer = 'blockstill.dev/looked-at';

interface Ended {
  readonly exitCode: number;
  readonly message: string;
  readonly podUid: string;
}

interface PodObject {
  readonly metadata: { readonly uid: string };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly state: { readonly terminated?: { readonly exitCode: number; readonly message?: string } };
    }[];
  };
}

describe.skipIf(cannotRun('The suite with pods of the worker', await whyNoCluster()))(
  'the worker in a pod',
  () => {
    const held = new AsyncDisposableStack();
    let cluster: Cluster | undefined;
    let image = '';
    let job: SmallJob;
    let volume: SharedVolume;
    let blocks: readonly string[] = [];
    let plan: Reference | undefined;

    beforeAll(async () => {
      const archive = writeWorkerImage();
      job = held.use(
        await SmallJob.create({
          teacher: await networkOf(vgg()),
          spec: {
            // The next unit needs the data after the student is made.
            storage: { retain: 'Always' },
            // Enough that blocks learn, so that there is a student.
            distill: { epochs: 10, batchSize: 16, learningRate: { initial: 0.02, warmupSteps: 0 } },
          },
        }),
      );
      // A volume plugin would see to this by fsGroup.
      await runCommand('chown', ['-R', '65532:65532', job.folder]);
      volume = { claim: 'exchange', folder: job.folder };
      image = (await archive).reference;
      cluster = held.use(await startCluster({ gpus: 2 }));

      await cluster.loadImage((await archive).archive);

      await run('create', 'namespace', namespace);
      await run('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
      await run('wait', '--for=create', 'serviceaccount/default', '--timeout=30s');
      const { persistentVolume, claim } = sharedVolume(volume, namespace);
      // A claim that comes before its volume is known waits 15 s for another attempt.
      await apply(persistentVolume);
      await run('wait', '--for=jsonpath={.status.phase}=Available', `pv/${volume.claim}`, '--timeout=30s');
      await apply(claim);
      await run('wait', '--for=jsonpath={.status.phase}=Bound', `pvc/${volume.claim}`, '--timeout=30s');
    });
    afterAll(async () => await held.disposeAsync());

    async function run(...call: readonly string[]): Promise<string> {
      return await kubectl(cluster?.kubeconfig ?? '', ['--namespace', namespace, ...call]);
    }

    async function apply(...objects: readonly object[]): Promise<void> {
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      await kubectl(cluster?.kubeconfig ?? '', ['--namespace', namespace, 'apply', '-f', '-'], list);
    }

    /** A unit of the job, with an exchange of its own beside that of the local run. */
    function podOf(
      unit: Omit<RunUnit, 'attempt'>,
      change: (spec: UnitSpec) => UnitSpec = (s) => s,
    ): WorkerPod {
      const spec = { ...job.unitSpec({ ...unit, attempt: 'unused' }), exchange: exchange() };
      return { name: unit.unit, image, stage: unit.stage, spec: change(spec), volume };
    }

    const exchange = () => join(job.folder, 'exchange-of-pods');

    async function podObject(selector: string): Promise<PodObject | undefined> {
      const list = JSON.parse(await run('get', 'pods', '--selector', selector, '-o', 'json')) as {
        items: PodObject[];
      };
      return list.items[0];
    }

    function endOf(pod: PodObject | undefined): Ended | undefined {
      const terminated = pod?.status.containerStatuses?.[0]?.state.terminated;
      if (pod === undefined || terminated === undefined) return undefined;
      const { exitCode: code, message = '' } = terminated;
      return { exitCode: code, message, podUid: pod.metadata.uid };
    }

    /** Runs a unit as a Job. */
    async function runJob(pod: WorkerPod): Promise<Ended> {
      await apply(workerJob(pod));
      return await waitFor(
        `the pod of ${pod.name} to end`,
        async () => endOf(await podObject(`job-name=${pod.name}`)),
        240,
      );
    }

    async function committed(ended: Ended, unit: string): Promise<UnitMessage> {
      expect(ended, ended.message).toMatchObject({ exitCode: exitCode.Committed });
      const message = decodeUnitMessage(ended.message, blocks);
      if (message === undefined) throw new Error(`not a message: ${ended.message}`);
      const path = `${unit}/${ended.podUid}/result.json`;
      const digest = digestOfBytes(await readFile(join(exchange(), path)));
      expect(message.reference).toEqual({ path, digest });
      await run('wait', '--for=condition=Complete', `job/${unit}`, '--timeout=30s');
      return message;
    }

    let unitReference: Reference | undefined;

    test('prepares, and says what it has found', async () => {
      const ended = await runJob(podOf({ stage: 'Prepare', unit: 'prepare' }));
      const message = await committed(ended, 'prepare');
      if (message.stage !== 'Prepare') throw new Error('another stage');
      blocks = message.plan.blocks.map(({ name }) => name);
      expect(blocks.length).toBeGreaterThan(1);
      plan = { path: `prepare/${ended.podUid}/plan.json`, digest: message.facts.plan.digest };
      expect(plan.digest).toBe(digestOfBytes(await readFile(join(exchange(), plan.path))));
      expect((await stat(join(exchange(), plan.path))).uid).toBe(65532);
    });

    const planned = () => (plan === undefined ? {} : { plan });

    test(
      'distills and finetunes to the bits of a local run with as many threads',
      { timeout: 400_000 },
      async () => {
        const ended = await runJob(podOf({ stage: 'Distill', unit: 'unit-000', blocks, ...planned() }));
        unitReference = (await committed(ended, 'unit-000')).reference;
        const results = [unitReference];
        const finetuned = await runJob(podOf({ stage: 'Finetune', unit: 'finetune', results, ...planned() }));
        const message = await committed(finetuned, 'finetune');
        if (message.stage !== 'Finetune') throw new Error('another stage');
        expect(message.facts.accepted).toBe(true);

        const local = await job.prepare();
        expect(local.reference.digest).toBe(plan?.digest);
        await job.run({
          stage: 'Distill',
          unit: 'unit-000',
          attempt: 'a1',
          blocks,
          plan: local.reference,
        });
        const result = (await job.run({
          stage: 'Finetune',
          unit: 'finetune',
          attempt: 'a1',
          plan: local.reference,
          results: [await job.reference('unit-000/a1/result.json')],
        })) as FinetuneResult;
        expect(message.facts.student.digest).toBe(result.student.digest);
      },
    );

    test('answers for its progress, and deleted ends in time with a checkpoint', async () => {
      const pod = podOf({ stage: 'Distill', unit: 'unit-001', blocks, ...planned() }, (spec) => ({
        ...spec,
        spec: { ...spec.spec, distill: { ...spec.spec.distill, epochs: 100_000 } },
      }));
      await apply(workerPod(pod, [finalizer]));
      const get = async (): Promise<PodObject> => JSON.parse(await run('get', 'pod', pod.name, '-o', 'json'));
      const address = await waitFor('an address', async () => (await get()).status.podIP);
      const url = `http://${address}:${progressPort}`;
      const progress = await waitFor('a step', async () => {
        const said = await progressOf(`${url}/progress`);
        const early = said === undefined ? endOf(await get()) : undefined;
        if (early !== undefined) throw new Error(`The pod has ended: ${early.message}`);
        return said !== undefined && said.blocks.some(({ step }) => step > 0) ? said : undefined;
      });
      const { uid } = (await get()).metadata;
      expect(progress).toMatchObject({ stage: 'Distill', unit: 'unit-001', attempt: uid });
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/progress`, { method: 'POST' })).status).toBe(405);

      await run('delete', 'pod', pod.name, '--wait=false');
      const ended = await waitFor('the pod to end', async () => endOf(await get()));
      expect(ended).toMatchObject({
        exitCode: exitCode.Interrupted,
        message: 'Interrupted; the next attempt goes on from the last checkpoint.',
      });
      expect(await readdir(join(exchange(), 'unit-001', uid))).toContain('checkpoint.safetensors');
      await run('patch', 'pod', pod.name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    });

    test(
      'preempted as by a queue, goes on from its checkpoint in the same Job, to the same bits',
      { timeout: 700_000 },
      async () => {
        const longer = (spec: UnitSpec): UnitSpec => ({
          ...spec,
          spec: { ...spec.spec, distill: { ...spec.spec.distill, epochs: 60 } },
        });
        const unitCalled = (unit: string) => podOf({ stage: 'Distill', unit, blocks, ...planned() }, longer);
        const pod = unitCalled('unit-002');
        const selector = `job-name=${pod.name}`;
        await apply(workerJob(pod));
        await waitFor('a step', async () => {
          const address = (await podObject(selector))?.status.podIP;
          const said = address && (await progressOf(`http://${address}:${progressPort}/progress`));
          return said && said.blocks.some(({ step }) => step > 0) ? true : undefined;
        });
        const suspend = async (value: boolean): Promise<unknown> =>
          await run(
            'patch',
            'job',
            pod.name,
            '--type=merge',
            '-p',
            JSON.stringify({ spec: { suspend: value } }),
          );
        await suspend(true);
        await waitFor('its pod to be gone', async () =>
          (await podObject(selector)) === undefined ? true : undefined,
        );
        const { status } = JSON.parse(await run('get', 'job', pod.name, '-o', 'json')) as {
          status: { failed?: number; conditions: { type: string }[] };
        };
        expect([status.failed, status.conditions.map(({ type }) => type)]).toEqual([
          undefined,
          ['Suspended'],
        ]);
        await suspend(false);
        const ended = await waitFor(
          'the second pod to end',
          async () => endOf(await podObject(selector)),
          300,
        );
        await committed(ended, pod.name);
        expect(await run('logs', `job/${pod.name}`)).toContain('Resuming from a checkpoint');
        const undisturbed = await runJob(unitCalled('unit-003'));
        await committed(undisturbed, 'unit-003');
        const weightsOf = async (unit: string, { podUid }: Ended): Promise<readonly unknown[]> => {
          const text = await readFile(join(exchange(), unit, podUid, 'result.json'), 'utf8');
          return (JSON.parse(text) as DistillResult).blocks.map(({ weights }) => weights?.digest);
        };
        const expected = await weightsOf('unit-003', undisturbed);
        expect(expected).toEqual(blocks.map(() => expect.stringMatching(/^sha256:/) as unknown));
        expect(await weightsOf('unit-002', ended)).toEqual(expected);
      },
    );

    test('has what it takes to decode images', async () => {
      const { spec, ...pod } = workerPod(podOf({ stage: 'Prepare', unit: 'decode' }));
      const program = `
        import sharp from 'sharp';
        const red = sharp({ create: { width: 1, height: 1, channels: 3, background: { r: 255, g: 0, b: 0 } } });
        const decoded = await sharp(await red.png().toBuffer()).raw().toBuffer();
        console.log(decoded.join());`;
      const [container] = spec.containers;
      const command = ['node', '--input-type=module', '--eval', program];
      await apply({ ...pod, spec: { ...spec, containers: [{ ...container, command, args: [] }] } });
      await run('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/decode', '--timeout=60s');
      expect(await run('logs', 'decode')).toBe('255,0,0\n');
    });

    test('says in a sentence what is wrong with its input, and no other pod tries', async () => {
      const pod = podOf({ stage: 'Prepare', unit: 'bad-input' }, (spec) => ({
        ...spec,
        spec: { ...spec.spec, teacher: { ...spec.spec.teacher, uri: `file://${job.folder}/no-teacher` } },
      }));
      const ended = await runJob(pod);
      expect(ended.exitCode).toBe(exitCode.InvalidInput);
      expect(ended.message).toContain('no-teacher');
      expect(ended.message).not.toContain('    at ');
      await run('wait', '--for=condition=Failed', 'job/bad-input', '--timeout=30s');
      const reason = await run('get', 'job', 'bad-input', '-o', 'jsonpath={.status.conditions[*].reason}');
      expect(reason).toContain('PodFailurePolicy');
    });
  },
);

/** What a pod says of its progress; undefined while it has nothing to say, or does not listen yet. */
async function progressOf(url: string): Promise<Progress | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return answer?.status === 200 ? progressSchema.parse(await answer.json()) : undefined;
}
