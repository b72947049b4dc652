import { describe, expect, it } from 'vitest';
import { creationProblem } from './creation-problem.ts';
import { apiError } from './testing/fake-cluster.ts';

const quota =
  'jobs.batch "mnist-u000-1" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1, used: 5, limited: 5';

describe('a Job that can not be made', () => {
  it.each([
    {
      of: 'a quota',
      refusal: { httpStatus: 403, reason: 'Forbidden', message: quota },
      why: { reason: 'QuotaExceeded', message: `mnist-u000-1 waits for quota of the namespace: ${quota}` },
      final: false,
    },
    {
      of: 'a webhook, or missing rights',
      refusal: { httpStatus: 403, reason: 'Forbidden', message: 'jobs.batch is forbidden: no' },
      why: {
        reason: 'JobForbidden',
        message: 'The cluster forbids the Job mnist-u000-1: jobs.batch is forbidden: no',
      },
      final: false,
    },
    {
      of: 'a namespace that is about to go',
      refusal: {
        httpStatus: 403,
        reason: 'Forbidden',
        message: 'unable to create new content in namespace team because it is being terminated',
        details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
      },
      why: { reason: 'NamespaceTerminating', message: 'The namespace is being deleted.' },
      final: false,
    },
    {
      of: 'a namespace that is gone',
      refusal: { httpStatus: 404, reason: 'NotFound', message: 'namespaces "team" not found' },
      why: { reason: 'NamespaceTerminating', message: 'The namespace is being deleted.' },
      final: false,
    },
    {
      of: 'a value that the schema let pass',
      refusal: { httpStatus: 422, reason: 'Invalid', message: 'Job "mnist-u000-1" is invalid: no.' },
      why: {
        reason: 'JobRefused',
        message:
          'The cluster refuses the Job mnist-u000-1: Job "mnist-u000-1" is invalid: no. Check spec.pod and spec.resources.',
      },
      final: true,
    },
  ])('because of $of', ({ refusal, why, final }) => {
    expect(creationProblem(apiError(refusal), 'mnist-u000-1')).toEqual({ why, final });
  });

  it.each([
    apiError({ httpStatus: 500, reason: 'InternalError' }),
    apiError({ httpStatus: 429, reason: 'TooManyRequests' }),
    new Error('socket hang up'),
  ])('for what may pass at any moment is tried again: $message', (error) => {
    expect(creationProblem(error, 'mnist-u000-1')).toBeUndefined();
  });
});
