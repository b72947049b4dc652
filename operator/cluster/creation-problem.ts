import type { Why } from '../decide/observed.ts';
import { clip, sentence } from '../decide/text.ts';
import { isApiError, type ApiError } from '../kube/api-error.ts';

export interface CreationProblem {
  readonly why: Why;
  /** Nothing but an edit of the manifest helps. */
  readonly final: boolean;
}

/** Why a Job could not be made, for what the cluster refuses; undefined for what may pass by itself at any moment. */
export function creationProblem(error: unknown, name: string): CreationProblem | undefined {
  if (isApiError(error, 'Invalid', 'BadRequest')) {
    const message = `The cluster refuses the Job ${name}: ${sentence(saidBy(error))} Check spec.pod and spec.resources.`;
    return { why: { reason: 'JobRefused', message }, final: true };
  }
  if (!isApiError(error, 'Forbidden', 'NotFound')) return undefined;
  const terminating = error.status?.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating');
  if (terminating === true || error.reason === 'NotFound') {
    return {
      why: { reason: 'NamespaceTerminating', message: 'The namespace is being deleted.' },
      final: false,
    };
  }
  const quota = /exceeded quota/i.test(error.message);
  return {
    why: {
      reason: quota ? 'QuotaExceeded' : 'JobForbidden',
      message: quota
        ? `${name} waits for quota of the namespace: ${saidBy(error)}`
        : `The cluster forbids the Job ${name}: ${saidBy(error)}`,
    },
    final: false,
  };
}

/** Another object has the name that the next attempt needs. */
export function nameTaken(name: string): Why {
  return {
    reason: 'NameTaken',
    message: `There is a Job ${name} that does not belong to this DistillationJob. Delete it, or rename this one.`,
  };
}

/** It has the name that the next attempt needs, and nobody can say whether it is that one. */
export function illegible(name: string): Why {
  return {
    reason: 'NameTaken',
    message: `The Job ${name} belongs to this DistillationJob, but its labels don't say so. Delete it; if it comes back like that, create this DistillationJob anew.`,
  };
}

function saidBy(error: ApiError): string {
  return clip(error.status?.message ?? error.message, 1000);
}
