import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../operator/kube/clock.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { startControlPlane, whyNoControlPlane } from '../cluster/control-plane.ts';
import { define } from '../cluster/definition.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { audit } from './audit/audit.ts';
import { recordHistory } from './audit/record-history.ts';
import { identityIn, startFaultProxy } from './fault-proxy.ts';
import { evenRates } from './faults.ts';
import { handMadeJob } from './hand-made-job.ts';
import { connect, jobs } from './objects.ts';
import { PodSimulator } from './pod-simulator.ts';
import { PretendWorker } from './pretend-worker.ts';

const uid = '00000000-0000-0000-0000-000000000001';

describe.skipIf(cannotRun('The recorder of histories', await whyNoControlPlane()))(
  'a recorded history',
  () => {
    test('has every event in order, also of what happens while the API server is killed', async () => {
      await using controlPlane = await startControlPlane();
      await controlPlane.createNamespace('test');
      await define(controlPlane.kubeconfig);
      await using witness = await controlPlane.apiServer.startWitness();
      await using watching = connect(witness.kubeconfig, 'auditor');
      await using history = await recordHistory(watching.client);
      await using admin = connect(controlPlane.kubeconfig, 'test');
      const { client } = admin;
      const worker = new PretendWorker({
        clock: systemClock,
        seed: 1,
        blocks: ['conv1'],
        trainingSeconds: [0.05, 0.1],
      });
      // Pods come to their end on a bad way, too.
      await using proxy = await startFaultProxy({
        ...(await identityIn(controlPlane.kubeconfig)),
        seed: 1,
        rates: evenRates(0.05),
      });
      const kubeconfig = await proxy.writeKubeconfig(join(controlPlane.apiServer.folder, 'proxy.kubeconfig'));
      await using onBadWay = connect(kubeconfig, 'simulator');
      await using simulator = await PodSimulator.start({ client: onBadWay.client, worker, gpus: 1 });
      proxy.switchOn();
      const part = { namespace: 'test', job: 'mnist', uid, stage: 'Distill' } as const;
      await client.create(jobs, handMadeJob({ ...part, attempt: 1 }));
      await client.create(jobs, handMadeJob({ ...part, attempt: 2 }));
      await controlPlane.apiServer.stop();
      await controlPlane.apiServer.start();
      await history.until('both Jobs to end', ({ events }) => {
        const complete = events.filter(
          ({ object }) => object.kind === 'Job' && object.finished === 'Complete',
        );
        return new Set(complete.map(({ object }) => object.name)).size === 2;
      });
      proxy.switchOff();
      await waitFor('the simulator to see it', async () => (simulator.livePods === 0 ? true : undefined));
      expect(proxy.injected.size).toBeGreaterThan(0);

      const { events, gaps } = history.read();
      expect(gaps).toEqual([]);
      const added = events.filter(({ type, object }) => type === 'ADDED' && object.kind === 'Job');
      expect(added.map(({ object }) => object.name)).toEqual(['mnist-u000-1', 'mnist-u000-2']);
      const revisions = events.map(({ revision }) => revision);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
      // Both are nobody's, and the second was made while the first was live.
      const { violations } = audit({
        history: { events, gaps },
        ledger: worker.ledger,
        abandonedAfterSeconds: 300,
      });
      expect(violations.filter(({ sentence }) => sentence.includes('was live'))).toHaveLength(1);
      expect(violations.filter(({ sentence }) => sentence.includes('belongs to nobody'))).toHaveLength(2);
      expect(violations.filter(({ rule }) => rule !== 'duplicate')).toEqual([]);

      await using late = await recordHistory(watching.client);
      expect(late.read().gaps).toEqual([
        'There were jobs before the history began.',
        'There were pods before the history began.',
      ]);
    });
  },
);
