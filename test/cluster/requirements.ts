import { join } from 'node:path';
import { isThere, kubernetesFolder } from '../../scripts/cluster/kubernetes.ts';
import { nodeProgramsFolder, whyNoNode } from '../../scripts/cluster/node-programs.ts';
import { imageSuite, whyNoImageBuilder } from '../../scripts/images/image-builder.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import { whyNoBrowser } from '../../scripts/browser/chromium.ts';
import { actionlintSuite, whyNoActionlint } from '../release/requirements.ts';
import { checkersSuite, helmSuite, whyNoCheckers, whyNoHelm } from '../chart/requirements.ts';
import { gitopsSuite, whyNoJudge } from '../gitops/requirements.ts';
import { browserSuite } from '../report/browser-suite.ts';
import { prometheusSuite, whyNoPrometheus } from '../monitoring/requirements.ts';
import { s3Suite, whyNoS3Server } from '../s3/requirements.ts';
import { programFolder } from './programs.ts';

/** Why the API-server suite can't run on this machine; undefined when it can. */
export async function whyNoTestServer(): Promise<string | undefined> {
  return process.env['BLOCKSTILL_TEST_KUBECONFIG'] ? undefined : await whyNoApiServer();
}

/** Why this machine can't run an API server of its own for a test; undefined when it can. */
export async function whyNoApiServer(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux';
  const folder = await programFolder();
  for (const name of ['etcd', 'kube-apiserver', 'kubectl']) {
    if (await isThere(join(folder, name))) continue;
    return `there is no ${name} in ${folder}; node scripts/setup-cluster.ts builds it`;
  }
  for (const tool of ['openssl', 'setpriv']) {
    if ((await runCommand(tool, ['--help'])).missing) return `this machine has no ${tool}`;
  }
  return undefined;
}

/** Why this machine can't run a cluster with a node for a test; undefined when it can. */
export async function whyNoCluster(): Promise<string | undefined> {
  const reason = await whyNoNode();
  if (reason !== undefined) return reason;
  if (process.env['KUBEBUILDER_ASSETS']) return 'the programs in KUBEBUILDER_ASSETS make no node';
  for (const folder of [await kubernetesFolder(), await nodeProgramsFolder()]) {
    if (!(await isThere(folder))) return `there is no ${folder}; node scripts/setup-cluster.ts makes it`;
  }
  return undefined;
}

/** A sentence for each suite that this machine can't run. */
export async function skippedSuites(): Promise<readonly string[]> {
  const suites = [
    { suite: 'The API-server suite', reason: await whyNoTestServer() },
    { suite: 'The suite with real pods', reason: await whyNoCluster() },
    { suite: s3Suite, reason: await whyNoS3Server() },
    { suite: prometheusSuite, reason: await whyNoPrometheus() },
    { suite: helmSuite, reason: await whyNoHelm() },
    { suite: actionlintSuite, reason: await whyNoActionlint() },
    { suite: checkersSuite, reason: await whyNoCheckers() },
    { suite: gitopsSuite, reason: await whyNoJudge() },
    { suite: browserSuite, reason: await whyNoBrowser() },
    { suite: imageSuite, reason: await whyNoImageBuilder() },
  ];
  return suites.flatMap(({ suite, reason }) => (reason === undefined ? [] : [skipSentence(suite, reason)]));
}

export function skipSentence(suite: string, reason: string): string {
  return `${suite} can't run on this machine: ${reason}.`;
}
