import { checkersFolder } from '../../scripts/checkers/checkers.ts';
import { isThere } from '../../scripts/cluster/kubernetes.ts';

export { whyNoHelm } from '../../scripts/helm/helm.ts';

/** The name under which the tests with Helm are skipped. */
export const helmSuite = 'The suite with Helm';

/** The name under which the checks of manifests are skipped. */
export const checkersSuite = 'The checks of manifests';

/** Why manifests can't be checked on this machine; undefined when they can. */
export async function whyNoCheckers(): Promise<string | undefined> {
  const folder = await checkersFolder();
  return (await isThere(folder))
    ? undefined
    : `there is no ${folder}; node scripts/setup-checkers.ts builds it`;
}
