import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfJson } from '../../../common/digest.ts';
import { labels, stageLabels } from '../../../operator/cluster/names.ts';
import type { KubeObject, Resource } from '../../../operator/kube/resource.ts';
import type { Stage } from '../../../worker/contract/primitives.ts';
import { podEnvironment } from '../../../worker/contract/pod.ts';
import { issue, writeKubeconfig } from '../../cluster/certificates.ts';
import { freePorts } from '../../cluster/free-ports.ts';
import { define } from '../../cluster/definition.ts';
import { startProcess } from '../../cluster/start-process.ts';
import { waitFor } from '../../cluster/wait-for.ts';
import { connect } from '../../chaos/objects.ts';
import { users, type Contender, type ContenderOptions } from './contender.ts';
import { buildJobSet } from './jobset/build.ts';

const jobSets: Resource<KubeObject & { spec: object }> = {
  group: 'jobset.x-k8s.io',
  version: 'v1alpha2',
  plural: 'jobsets',
  kind: 'JobSet',
  namespaced: true,
};

/**
 * JobSet v0.8.0 as a process, without its webhooks: none is registered, and what they would fill in is in the manifests.
 * That spares it a call for each JobSet and for each pod.
 */
export async function startJobSetContender(options: ContenderOptions): Promise<Contender> {
  const { controlPlane, namespace, blocks, qps } = options;
  const { kubeconfig, apiServer } = controlPlane;
  const { authority, folder, url } = apiServer;
  const { program, definitions } = await buildJobSet();
  await define(kubeconfig, definitions, 'jobsets.jobset.x-k8s.io');
  await issue(authority, {
    name: 'jobset',
    user: users.jobset,
    group: 'system:masters',
    servesAs: ['IP:127.0.0.1'],
  });
  const [webhookPort = 0, probePort = 0] = await freePorts(2, '127.0.0.1');
  const certificates = join(folder, 'jobset-webhook');
  await mkdir(certificates);
  await copyFile(authority.file('jobset.crt'), join(certificates, 'tls.crt'));
  await copyFile(authority.file('jobset.key'), join(certificates, 'tls.key'));
  const configuration = join(folder, 'jobset.json');
  const content = {
    apiVersion: 'config.jobset.x-k8s.io/v1alpha1',
    kind: 'Configuration',
    leaderElection: { leaderElect: false },
    internalCertManagement: { enable: false },
    // Its server must run though nobody calls it.
    webhook: { host: '127.0.0.1', port: webhookPort, certDir: certificates },
    metrics: { bindAddress: '0' },
    health: { healthProbeBindAddress: `127.0.0.1:${probePort}` },
    clientConnection: { qps, burst: qps },
  };
  await writeFile(configuration, JSON.stringify(content));
  await using undo = new AsyncDisposableStack();
  const { client } = undo.use(connect(kubeconfig, 'bench'));
  const manager = await startProcess(program, [`--config=${configuration}`, '--zap-log-level=error'], {
    log: join(folder, 'log', 'jobset.log'),
    environment: { KUBECONFIG: await writeKubeconfig(authority, 'jobset', url) },
  });
  undo.defer(manager.kill);
  await waitFor('JobSet to be ready', async () => {
    const ending = await manager.ending();
    if (ending !== undefined) throw new Error(ending);
    const ready = await fetch(`http://127.0.0.1:${probePort}/readyz`).catch(() => undefined);
    return ready?.status === 200 ? true : undefined;
  });
  const parts = undo.move();
  return {
    pid: manager.pid,
    user: users.jobset,
    create: async (number) => void (await client.create(jobSets, jobSet({ namespace, number, blocks }))),
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

interface JobSetOptions {
  readonly namespace: string;
  readonly number: number;
  readonly blocks: number;
}

/** Prepare, then all blocks, then finetune: what a DistillationJob makes of itself, said in advance. */
function jobSet({ namespace, number, blocks }: JobSetOptions): KubeObject & { spec: object } {
  const name = `job-${number}`;
  const uid = `00000000-0000-0000-0000-${String(number).padStart(12, '0')}`;
  const after = (dependency: string) => [{ name: dependency, status: 'Complete' }];
  const part = (stage: Stage, options: object = {}): object => ({
    name: stageLabels[stage],
    replicas: 1,
    template: jobTemplate({ namespace, name, uid, stage }),
    ...options,
  });
  return {
    metadata: { name, namespace },
    spec: {
      network: { enableDNSHostnames: false },
      successPolicy: { operator: 'All' },
      replicatedJobs: [
        part('Prepare'),
        part('Distill', { replicas: blocks, dependsOn: after(stageLabels.Prepare) }),
        part('Finetune', { dependsOn: after(stageLabels.Distill) }),
      ],
    },
  };
}

function jobTemplate(options: { namespace: string; name: string; uid: string; stage: Stage }): object {
  const { namespace, name, uid, stage } = options;
  const unit = stage === 'Distill' ? 'unit-00$(INDEX)' : stageLabels[stage];
  const unitSpec = {
    version: 1,
    job: { namespace, name, uid },
    stage,
    unit,
    attempt: { number: 1 },
    spec: { teacher: {}, execution: {} },
    specDigest: digestOfJson(stage),
    exchange: '/exchange',
    blocks: ['conv1'],
  };
  const index = { fieldRef: { fieldPath: "metadata.labels['jobset.sigs.k8s.io/job-index']" } };
  const metadata = {
    labels: { [labels.jobUid]: uid, [labels.jobName]: name, [labels.stage]: stageLabels[stage] },
  };
  const container = {
    name: 'worker',
    image: 'example.invalid/worker:1',
    env: [
      { name: 'INDEX', valueFrom: index },
      { name: podEnvironment.unitSpec, value: JSON.stringify(unitSpec) },
    ],
    resources: { limits: { 'nvidia.com/gpu': '1' } },
  };
  return {
    metadata,
    spec: {
      completionMode: 'Indexed',
      completions: 1,
      parallelism: 1,
      backoffLimit: 3,
      template: { metadata, spec: { restartPolicy: 'Never', containers: [container] } },
    },
  };
}
