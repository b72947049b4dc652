import { BlockstillError } from '../../common/error.ts';
import { distillationJobs } from '../../operator/cluster/kube-objects.ts';
import { isApiError } from '../../operator/kube/api-error.ts';
import { apiVersionOf } from '../../operator/kube/resource.ts';

/**
 * An error of a request about DistillationJobs, in words that help: a cluster that has no such resource answers that
 * something was not found, and not what.
 */
export function explainMissingDefinition(error: unknown): unknown {
  if (!isApiError(error, 'NotFound') || !isAboutDistillationJobs(error.where)) return error;
  // It says the name of an object only where it knows the resource.
  if (error.status?.details?.name !== undefined) return error;
  return new BlockstillError(
    'cluster/not-installed',
    'This cluster has no DistillationJobs: Blockstill is not installed in it.',
    {
      where: error.where,
      hint: 'Install it as docs/cluster.md says, beginning with: kubectl apply --server-side -f crds/blockstill.dev_distillationjobs.yaml. Or name another cluster with --context.',
    },
  );
}

function isAboutDistillationJobs(where = ''): boolean {
  return where.includes(`/apis/${apiVersionOf(distillationJobs)}/`);
}
