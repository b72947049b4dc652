import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOfBytes } from '../../common/digest.ts';
import { podEnvironment } from '../../worker/contract/pod.ts';
import type { Reference } from '../../worker/contract/unit-spec.ts';
import { decodeUnitMessage, isUnitMessage, type UnitMessage } from '../../worker/contract/unit-message.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { SmallJob, startWorker, type RunUnit, type StartedWorker } from './small-job.ts';

const pods = { prepare: 'prepare-pod', distill: 'distill-pod', finetune: 'finetune-pod' } as const;

/** The worker as a pod starts it; what runs here is this machine's process all the same. */
describe('a worker that is started as in a pod', () => {
  let job: SmallJob;
  let names: readonly string[] = [];
  let plan: Reference | undefined;

  beforeAll(async () => {
    job = await SmallJob.create({
      teacher: await networkOf(vgg()),
      spec: {
        // Enough that blocks learn, so that there is a student.
        distill: { epochs: 10, batchSize: 16, learningRate: { initial: 0.02, warmupSteps: 0 } },
        storage: { uri: 'file:///unused', retain: 'Never' },
        execution: {
          device: 'CPU',
          threads: { prepare: 1, distill: 1, finetune: 1 },
          seed: 7,
          // There is room for the activations on the disk alone.
          activationCache: { memory: '0', disk: '1Gi' },
        },
      },
    });
  });
  afterAll(async () => await job[Symbol.asyncDispose]());

  const scratch = () => join(job.folder, 'scratch');

  async function start(
    unit: RunUnit,
    command = unit.stage.toLowerCase(),
  ): Promise<StartedWorker & { log: string }> {
    const { attempt, ...spec } = job.unitSpec(unit);
    const told = {
      ...spec,
      attempt: { number: attempt.number },
      exchange: pathToFileURL(job.exchange).href,
    };
    const log = join(job.folder, `last-words-of-${unit.attempt}`);
    const worker = startWorker([command], {
      [podEnvironment.unitSpec]: JSON.stringify(told),
      [podEnvironment.podUid]: unit.attempt,
      [podEnvironment.scratch]: scratch(),
      [podEnvironment.terminationLog]: log,
      ...unit.environment,
    });
    return { ...worker, log };
  }

  async function run(
    unit: RunUnit,
    command?: string,
  ): Promise<{ code: number | null; words: string; stdout: string }> {
    const { ended, log } = await start(unit, command);
    const { code, stdout } = await ended;
    return { code, words: await readFile(log, 'utf8').catch(() => ''), stdout };
  }

  function messageIn(words: string): UnitMessage {
    const message = decodeUnitMessage(words, names);
    if (message === undefined) throw new Error(`not a message: ${words}`);
    return message;
  }

  async function expectCommitted(message: UnitMessage, pod: string): Promise<void> {
    const path = `${message.facts.unit}/${pod}/result.json`;
    const bytes = await readFile(join(job.exchange, path));
    expect(message.reference).toEqual({ path, digest: digestOfBytes(bytes) });
  }

  test('says what it has prepared, and nothing on standard output', async () => {
    const { code, words, stdout } = await run({ stage: 'Prepare', unit: 'prepare', attempt: pods.prepare });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const message = messageIn(words);
    await expectCommitted(message, pods.prepare);
    if (message.stage !== 'Prepare') throw new Error('another stage');
    names = message.plan.blocks.map(({ name }) => name);
    plan = await job.reference(`prepare/${pods.prepare}/plan.json`);
    expect(names.length).toBeGreaterThan(1);
    expect(message.facts.plan.digest).toBe(plan.digest);
    expect(message.plan.dataset.samples).toEqual({ train: 210, validation: 60, test: 30 });
  });

  const unitOf = (attempt: string): RunUnit => ({
    stage: 'Distill',
    unit: 'unit-000',
    attempt,
    blocks: names,
    ...(plan && { plan }),
  });

  test('told to stop, it says that it was interrupted, with a checkpoint for the next', async () => {
    const {
      process: worker,
      ended,
      log,
    } = await start({
      ...unitOf('stopped-pod'),
      environment: { BLOCKSTILL_CHECKPOINT_SECONDS: '0' },
    });
    const checkpoint = join(job.exchange, 'unit-000', 'stopped-pod', 'checkpoint.safetensors');
    await expect
      .poll(async () => await readFile(checkpoint).catch(() => undefined), { timeout: 60_000 })
      .toBeDefined();
    worker.kill('SIGTERM');
    expect((await ended).code).toBe(75);
    expect(await readFile(log, 'utf8')).toBe(
      'Interrupted; the next attempt goes on from the last checkpoint.',
    );
  });

  test('distills, and keeps the activations in its scratch folder', async () => {
    const { code, words } = await run(unitOf(pods.distill));
    expect(code).toBe(0);
    const message = messageIn(words);
    await expectCommitted(message, pods.distill);
    expect(message).toMatchObject({ stage: 'Distill', facts: { activations: 'Disk' } });
    expect(await readdir(scratch(), { recursive: true })).toContain(`small-uid/unit-000/${pods.distill}`);
    expect(await readdir(join(job.exchange, 'unit-000', pods.distill))).not.toContain('scratch');
  });

  test('says the same of a unit that an earlier pod has committed, about its own copy', async () => {
    const first = messageIn(await readFile(join(job.folder, `last-words-of-${pods.distill}`), 'utf8'));
    const { code, words } = await run(unitOf('later-pod'));
    expect(code).toBe(0);
    const message = messageIn(words);
    await expectCommitted(message, 'later-pod');
    expect(message.facts).toEqual(first.facts);
  });

  test('ends with 64 and a sentence for what no attempt could do', async () => {
    const { code, words } = await run({
      ...unitOf('wrong-pod'),
      unit: 'unit-009',
      blocks: ['no-such-block'],
    });
    expect(code).toBe(64);
    expect(words).toMatch(/^The plan has no block "no-such-block"\.\nIt has: .*\n\(unit\/unknown-block\)$/);
    expect(isUnitMessage(words)).toBe(false);
  });

  test('finetunes; a prepare that is asked again when its data is gone does not prepare again', async () => {
    const { code, words } = await run({
      stage: 'Finetune',
      unit: 'finetune',
      attempt: pods.finetune,
      results: [await job.reference(`unit-000/${pods.distill}/result.json`)],
      ...(plan && { plan }),
    });
    expect(code).toBe(0);
    const message = messageIn(words);
    await expectCommitted(message, pods.finetune);
    expect(message.facts).toMatchObject({ accepted: true });
    expect(await readdir(join(job.exchange, 'prepare', pods.prepare))).not.toContain('data');

    const again = await run({ stage: 'Prepare', unit: 'prepare', attempt: 'asked-again' });
    expect(again.code).toBe(0);
    const first = messageIn(await readFile(join(job.folder, `last-words-of-${pods.prepare}`), 'utf8'));
    expect(messageIn(again.words)).toEqual({
      ...first,
      reference: await job.reference('prepare/asked-again/result.json'),
    });
  });

  test.each(['validate', 'pretend', 'finetune'])(
    'does not %s when it was told to prepare',
    async (command) => {
      const { code, words } = await run(
        { stage: 'Prepare', unit: 'prepare', attempt: `${command}-pod` },
        command,
      );
      expect(code).toBe(64);
      expect(words).toMatch(/\(unit\/usage\)$/);
    },
  );

  test('never ends with 0 when it could not say what it has committed', async () => {
    const { ended } = await start({
      stage: 'Prepare',
      unit: 'prepare',
      attempt: 'speechless-pod',
      environment: { [podEnvironment.terminationLog]: job.folder },
    });
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toContain('unit/termination-log');
  });
});
