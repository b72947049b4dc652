import { describe, expect, test } from 'vitest';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { disturbances } from './disturbances.ts';
import { runChaos } from './run-chaos.ts';

/** When it happens, and so how often controllers back off, differs from run to run: mostly it takes less than a minute. */
const patience = { settleSeconds: 180, timeout: 300_000 } as const;

const cannot = cannotRun('The short chaos suite', await whyNoControlPlane());

describe.skipIf(cannot)('an operator that is killed again and again', () => {
  test(
    'makes nothing twice, loses nothing, and ends every job',
    async () => {
      const { audit, kills } = await runChaos({
        seed: 1,
        kills: 6,
        jobs: 5,
        jobsAtOnce: 4,
        operators: 1,
        gpus: 8,
        blocks: 5,
        faultRate: 0.005,
        pauseSeconds: 0.8,
        settleSeconds: patience.settleSeconds,
        misbehaviour: { DeletedAfterSuccess: 0.1, Fails: 0.01, Preempted: 0.01, AdmissionError: 0.01 },
      });
      expect(audit.violations).toEqual([]);
      expect(kills).toBeGreaterThanOrEqual(6);
      expect(audit.counts.complete).toBe(audit.counts.distillationJobs);
    },
    patience.timeout,
  );

  test(
    'is followed by another one, and does no harm when it wakes after its Lease has run out',
    async () => {
      const pause = disturbances.filter(({ operators = 1 }) => operators > 1);
      const { audit, ...report } = await runChaos({
        seed: 1,
        kills: 0,
        jobs: 3,
        jobsAtOnce: 3,
        operators: 2,
        gpus: 8,
        blocks: 3,
        faultRate: 0.005,
        pauseSeconds: 0.8,
        settleSeconds: patience.settleSeconds,
        misbehaviour: {},
        disturbances: pause,
      });
      expect(audit.violations).toEqual([]);
      expect([...report.disturbances]).toEqual([[pause[0]?.name, 1]]);
      expect(report.takeovers).toBe(1);
      expect(audit.counts.complete).toBe(3);
    },
    patience.timeout,
  );
});
