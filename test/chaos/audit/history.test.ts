import { describe, expect, test } from 'vitest';
import type { JobObject } from '../objects.ts';
import { jobRecord, resourceRecord } from './history.ts';

describe('the record of a DistillationJob', () => {
  test('has what its spec says, and defaults but no limits where it says nothing', () => {
    const metadata = { uid: 'd-1', name: 'mnist', generation: 4 };
    const spec = { suspend: true, retry: 2, backoffLimit: 5, execution: { maxParallel: 3 } };
    const status = { observedGeneration: 4 };
    const record = { kind: 'DistillationJob', uid: 'd-1', name: 'mnist', generation: 4 };
    expect(resourceRecord({ metadata, spec, status })).toEqual({
      ...record,
      suspend: true,
      retry: 2,
      maxParallel: 3,
      backoffLimit: 5,
      status,
    });
    expect(resourceRecord({ metadata })).toEqual({
      ...record,
      suspend: false,
      retry: 0,
      maxParallel: undefined,
      backoffLimit: undefined,
      status: {},
    });
  });

  test('keeps a limit of 0', () => {
    expect(resourceRecord({ metadata: {}, spec: { backoffLimit: 0 } }).backoffLimit).toBe(0);
  });
});

describe('the record of a Job', () => {
  const childJob = (annotations: Readonly<Record<string, string>>): JobObject => ({
    metadata: {
      uid: 'j-1',
      name: 'mnist-u003-2',
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Other', name: 'other', uid: 'o-1' },
        {
          apiVersion: 'blockstill.dev/v1alpha1',
          kind: 'DistillationJob',
          name: 'mnist',
          uid: 'd-1',
          controller: true,
        },
      ],
      labels: {
        'blockstill.dev/job-uid': 'd-1',
        'blockstill.dev/stage': 'distill',
        'blockstill.dev/unit': '3',
        'blockstill.dev/attempt': '2',
      },
      annotations,
    },
    spec: { template: { spec: { containers: [] } } },
    status: { conditions: [{ type: 'Failed', status: 'True' }] },
  });

  test('has what it works on and how it ended, and whether its worker’s failure is noted down', () => {
    const note = { 'blockstill.dev/failure': '{"exitCode":1,"message":"The loss is not a number."}' };
    const record = {
      kind: 'Job',
      jobUid: 'd-1',
      stage: 'distill',
      unit: '3',
      uid: 'j-1',
      name: 'mnist-u003-2',
      attempt: '2',
      ownerUid: 'd-1',
      deleting: false,
      finished: 'Failed',
      results: [],
    };
    expect(jobRecord(childJob(note))).toEqual({ ...record, failureNoted: true });
    expect(jobRecord(childJob({ 'blockstill.dev/blocks': 'conv1' }))).toEqual({
      ...record,
      failureNoted: false,
    });
  });
});
