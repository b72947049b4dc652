import { gitopsFolder } from '../../scripts/gitops/judge.ts';
import { isThere } from '../../scripts/cluster/kubernetes.ts';

/** The name under which the tests of GitOps are skipped. */
export const gitopsSuite = 'The suite of GitOps';

/** Why the tests of GitOps can't run on this machine; undefined when they can. */
export async function whyNoJudge(): Promise<string | undefined> {
  const folder = await gitopsFolder();
  return (await isThere(folder))
    ? undefined
    : `there is no ${folder}; node scripts/setup-gitops.ts builds it`;
}
