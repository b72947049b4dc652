import { fileURLToPath } from 'node:url';
import { kubectl } from './kubectl.ts';
import { waitFor } from './wait-for.ts';

/** The definition of DistillationJobs. */
export const crdFile = fileURLToPath(
  new URL('../../crds/blockstill.dev_distillationjobs.yaml', import.meta.url),
);

/**
 * Applies the definition of a resource, and waits until the API server serves it. `kubectl wait` and
 * JSONPath fail where they look before the first condition is there.
 */
export async function define(
  kubeconfig: string,
  files: readonly string[] = [crdFile],
  name = 'distillationjobs.blockstill.dev',
): Promise<void> {
  for (const file of files) await kubectl(kubeconfig, ['apply', '--server-side', '-f', file]);
  await waitFor('the definition to be established', async () => {
    const { status } = JSON.parse(
      await kubectl(kubeconfig, ['get', `crd/${name}`, '-o', 'json']),
    ) as Definition;
    const isEstablished = status?.conditions?.some(
      ({ type, status: holds }) => type === 'Established' && holds === 'True',
    );
    return isEstablished === true ? true : undefined;
  });
}

interface Definition {
  readonly status?: {
    /** Null before the first one. */
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null;
  };
}
