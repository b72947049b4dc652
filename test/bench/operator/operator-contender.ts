import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { bundle } from '../../../scripts/bundle.ts';
import { issue, writeKubeconfig } from '../../cluster/certificates.ts';
import { define } from '../../cluster/definition.ts';
import { kubectl } from '../../cluster/kubectl.ts';
import { distillationJob, exchangeClaim } from '../../chaos/manifests.ts';
import { connect, distillationJobs } from '../../chaos/objects.ts';
import { startOperator } from '../../chaos/operator-process.ts';
import { users, type Contender, type ContenderOptions } from './contender.ts';

/** The operator of this repository. */
export async function startOperatorContender(options: ContenderOptions): Promise<Contender> {
  const { controlPlane, namespace, blocks, qps } = options;
  const { kubeconfig, apiServer } = controlPlane;
  await define(kubeconfig);
  const claim = { apiVersion: 'v1', kind: 'List', items: exchangeClaim(namespace) };
  await kubectl(kubeconfig, ['apply', '-f', '-'], JSON.stringify(claim));
  await issue(apiServer.authority, { name: 'operator', user: users.blockstill, group: 'system:masters' });
  await using undo = new AsyncDisposableStack();
  const { client } = undo.use(connect(kubeconfig, 'bench'));
  // As in the image: what Node makes of types at run time would count as memory of the operator.
  const programs = join(apiServer.folder, 'programs');
  await bundle(programs);
  const operator = undo.use(
    await startOperator({
      program: join(programs, 'operator.mjs'),
      nodeArguments: await deployedNodeArguments(),
      environment: await deployedEnvironment(),
      kubeconfig: await writeKubeconfig(apiServer.authority, 'operator', apiServer.url),
      log: join(apiServer.folder, 'log', 'operator.log'),
      leaderElection: false,
      commandArguments: ['--qps', String(qps), '--burst', String(qps)],
    }),
  );
  await operator.untilReady();
  const parts = undo.move();
  return {
    pid: operator.pid,
    user: users.blockstill,
    create: async (number) => {
      const manifest = distillationJob({ namespace, name: `job-${number}`, maxParallel: blocks });
      await client.create(distillationJobs, manifest as object as never);
    },
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

const deployment = fileURLToPath(new URL('../../../helm/manifests/operator.yaml', import.meta.url));

const image = fileURLToPath(new URL('../../../images/operator.Containerfile', import.meta.url));

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

/** What the operator's pod has, so that its memory is that of a pod. */
async function deployedEnvironment(): Promise<Record<string, string>> {
  const { spec } = parse(await readFile(deployment, 'utf8')) as Deployment;
  const { env = [] } = spec.template.spec.containers[0] ?? {};
  return Object.fromEntries(
    env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])),
  );
}

/** What stands between Node and the program in the image's entry point. */
async function deployedNodeArguments(): Promise<readonly string[]> {
  const entryPoint = /^ENTRYPOINT (\[.*\])$/m.exec(await readFile(image, 'utf8'))?.[1];
  if (entryPoint === undefined) throw new Error(`${image} has no entry point.`);
  return (JSON.parse(entryPoint) as readonly string[]).slice(1, -1);
}
