import { once } from 'node:events';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOfBytes } from '../../common/digest.ts';
import { randomStream } from '../../common/random.ts';
import { podEnvironment } from '../contract/pod.ts';
import { decodeUnitMessage } from '../contract/unit-message.ts';
import type { DistillResult } from '../contract/unit-result.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import { Attempt } from '../exchange/attempt.ts';
import { FolderExchange } from '../exchange/folder-exchange.ts';
import type { Logger } from '../../common/logger.ts';
import { PodHost } from './pod-host.ts';

const spec = {
  version: 1,
  job: { namespace: 'default', name: 'small', uid: 'job-uid' },
  stage: 'Distill',
  unit: 'unit-000',
  attempt: { id: 'pod-uid', number: 1 },
  spec: { teacher: {}, execution: {} },
  specDigest: digestOfBytes('spec'),
} as unknown as UnitSpec;

const result: DistillResult = {
  version: 1,
  stage: 'Distill',
  jobUid: 'job-uid',
  unit: 'unit-000',
  attempt: 'pod-uid',
  specDigest: digestOfBytes('spec'),
  planDigest: digestOfBytes('plan'),
  platform: {
    device: 'CPU',
    deviceName: 'CPU',
    tensorflow: '2.20.0',
    threads: 1,
    precision: 'Float32',
    reproducible: true,
  },
  startTime: '2026-03-01T12:00:00.000Z',
  completionTime: '2026-03-01T12:01:00.000Z',
  seconds: 60,
  energy: [],
  activations: 'Memory',
  sharedSeconds: 1,
  blocks: [
    {
      name: 'conv',
      state: 'Distilled',
      trainings: 1,
      epochs: 2,
      stopReason: 'Finished',
      loss: 0.25,
      unexplainedVariance: 0.125,
      score: null,
      history: [{ loss: 0.25, validationLoss: 0.5 }],
      seconds: 59,
      weights: null,
    },
  ],
};

/** A logger that keeps what it is told. */
function keepingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string): void => void lines.push(message);
  return { logger: { debug: keep, info: keep, warn: keep, error: keep }, lines };
}

interface Place {
  readonly host: PodHost;
  readonly attempt: Attempt;
  readonly log: string;
}

async function inPod(
  use: (place: Place) => Promise<void>,
  environment: Record<string, string> = {},
): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'pod-host-'));
  const log = join(folder.path, 'termination-log');
  await using host = new PodHost({
    environment: { [podEnvironment.terminationLog]: log, ...environment },
    port: 0,
  });
  const attempt = await Attempt.open(
    { ...spec, exchange: join(folder.path, 'exchange') },
    new FolderExchange(join(folder.path, 'exchange')),
  );
  await use({ host, attempt, log });
}

test('a committed result is said with the digest of the file that holds all of it', async () => {
  await inPod(async ({ host, attempt, log }) => {
    await attempt.commit(result);
    await host.committed(result, attempt);
    const message = decodeUnitMessage(await readFile(log, 'utf8'), ['conv']);
    expect(message?.reference).toEqual({
      path: 'unit-000/pod-uid/result.json',
      digest: digestOfBytes(await readFile(attempt.path('result.json'))),
    });
    const [{ history: _history, weights: _weights, ...block } = { history: [], weights: null }] =
      result.blocks;
    expect(message?.facts).toEqual({ ...result, blocks: [block] });
  });
});

test('words that can not be written are an error, for whoever would otherwise end as if all were well', async () => {
  await inPod(
    async ({ host, attempt }) => {
      await attempt.commit(result);
      const refused = expect.objectContaining({ name: 'BlockstillError', code: 'unit/termination-log' });
      await expect(host.committed(result, attempt)).rejects.toThrow(refused);
      await expect(host.failed('words')).rejects.toThrow(refused);
    },
    { [podEnvironment.terminationLog]: tmpdir() },
  );
});

test('a message that is too long is bad input: another attempt would have the same to say', async () => {
  const stream = randomStream('text that can not be deflated');
  const text = Array.from({ length: 5000 }, () => String.fromCodePoint(33 + stream.below(90))).join('');
  await inPod(async ({ host, attempt }) => {
    const long = { ...result, platform: { ...result.platform, deviceName: text } };
    await attempt.commit(long);
    await expect(host.committed(long, attempt)).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidInputError', code: 'unit/message-too-long' }),
    );
  });
});

test('a port that is taken is a warning, and the work goes on', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const { logger, lines } = keepingLogger();
  await using host = new PodHost({ environment: {}, port: (other.address() as AddressInfo).port });
  await host.begin(logger);
  host.report({
    version: 1,
    stage: 'Distill',
    unit: 'unit-000',
    attempt: 'pod-uid',
    activity: 'Training',
    fraction: null,
    samplesPerSecond: null,
    etaSeconds: null,
    blocks: [],
  });
  expect(lines).toEqual(['Nobody can ask this pod for its progress', 'Progress']);
  other.close();
});

test.each([podEnvironment.unitSpec, podEnvironment.podUid])('a pod without %s is refused', async (name) => {
  const environment = {
    [podEnvironment.unitSpec]: JSON.stringify({ ...spec, exchange: 'file:///exchange' }),
    [podEnvironment.podUid]: 'the-uid',
  };
  await using host = new PodHost({ environment });
  expect((await host.readSpec()).attempt).toEqual({ id: 'the-uid', number: 1 });
  await using other = new PodHost({ environment: { ...environment, [name]: '' } });
  await expect(other.readSpec()).rejects.toThrow(
    expect.objectContaining({ name: 'InvalidInputError', code: 'unit/bad-spec', where: name }),
  );
});
