import { mkdir, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { whyNoHelm } from '../chart/requirements.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { startCluster, type Cluster } from '../cluster/cluster.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { toolsImage } from '../cluster/node/test-images.ts';
import { writeOperatorImage } from '../cluster/operator-image.ts';
import { whyNoCluster } from '../cluster/requirements.ts';
import { writeWorkerImage } from '../cluster/worker-image.ts';
import { needOf, runElsewhere } from './commands.ts';
import { blocksOf } from './markdown.ts';
import { startReader, type Reader } from './reader.ts';
import { sittings } from './visits.ts';

const reason = (await whyNoCluster()) ?? (await whyNoHelm());
const minutes = 60_000;

/** More than all pages claim. */
const volumes = 12;

describe.skipIf(cannotRun('The commands of the documentation', reason))(
  'the commands of the documentation, typed by a reader',
  () => {
    const held = new AsyncDisposableStack();
    let cluster: Cluster;
    let reader: Reader;

    beforeAll(async () => {
      const [worker, operator] = [await writeWorkerImage(), await writeOperatorImage()];
      cluster = held.use(await startCluster({ gpus: 4 }));
      for (const [image, name] of [
        [worker, 'worker'],
        [operator, 'operator'],
      ] as const) {
        await cluster.loadImage(image.archive);
        await cluster.nameImage(image.reference, `localhost/blockstill-${name}:${packageFile.version}`);
      }
      await cluster.nameImage(toolsImage, 'docker.io/library/busybox:1.37');
      await provideVolumes(held.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-volumes-'))).path);
      reader = held.use(await startReader(cluster.kubeconfig));
    }, 5 * minutes);
    afterAll(async () => await held.disposeAsync());

    /** In place of a storage class that makes volumes. */
    async function provideVolumes(folder: string): Promise<void> {
      const items = [];
      for (let index = 0; index < volumes; index++) {
        const path = join(folder, String(index));
        await mkdir(path);
        items.push({
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name: `volume-${index}` },
          spec: {
            capacity: { storage: '1Gi' },
            accessModes: ['ReadWriteOnce'],
            hostPath: { path },
            persistentVolumeReclaimPolicy: 'Retain',
          },
        });
      }
      await runCommand('chmod', ['-R', 'a+rx', folder]);
      await runCommand('chown', ['-R', '65532:65532', folder]);
      await kubectl(
        cluster.kubeconfig,
        ['apply', '-f', '-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
      );
    }

    async function type(text: string): Promise<void> {
      await reader.type({ page: 'test/docs/pages.test.ts', line: 0, text });
    }

    describe.each(sittings)('$pages.0', ({ operator, pages }) => {
      beforeAll(async () => {
        if (!operator) return;
        await type(
          'helm install blockstill helm/blockstill --namespace blockstill-system --create-namespace --wait',
        );
      }, 3 * minutes);
      afterAll(async () => {
        await type('kubectl delete distill,pvc,configmap --all --namespace default --ignore-not-found');
        await type('helm uninstall blockstill --namespace blockstill-system --ignore-not-found --wait');
        await type('kubectl delete namespace blockstill-system lab vision --ignore-not-found');
      }, 5 * minutes);

      test.each(pages)(
        '%s',
        async (page) => {
          const blocks = (await blocksOf(page)).filter(({ language }) => language === 'sh');
          const runnable = blocks.filter(
            (block) => needOf(block) === undefined && runElsewhere(block) === undefined,
          );
          for (const block of runnable) await reader.type(block);
          expect(runnable.length).toBeGreaterThan(0);
        },
        10 * minutes,
      );
    });
  },
);
