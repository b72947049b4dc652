import { actionlintFolder } from '../../scripts/actionlint/actionlint.ts';
import { isThere } from '../../scripts/cluster/kubernetes.ts';

/** The name under which the test with actionlint is skipped. */
export const actionlintSuite = 'The suite with actionlint';

/** Why workflows can't be linted on this machine; undefined when they can. */
export async function whyNoActionlint(): Promise<string | undefined> {
  const folder = await actionlintFolder();
  return (await isThere(folder))
    ? undefined
    : `there is no ${folder}; node scripts/setup-actionlint.ts builds it`;
}
