import type { DistillationJobStatus } from '../../crds/status.ts';
import { authorsRun } from './authors-run.ts';
import { gpu } from './resnet50-training.ts';

/** By the identity of the design: speedup = N x balance / work inflation. */
export function measured(
  estimate: DistillationJobStatus['speedup'],
): NonNullable<DistillationJobStatus['speedup']> {
  const { workers = 1, balance = 1, parallelSeconds = 1, ceiling } = estimate ?? {};
  const serialSeconds = authorsRun.serialSeconds;
  const rounded = (value: number): number => Number(value.toPrecision(4));
  return {
    basis: 'Measured',
    value: rounded(serialSeconds / parallelSeconds),
    serialSeconds: rounded(serialSeconds),
    parallelSeconds,
    workers,
    balance,
    workInflation: rounded((workers * balance * parallelSeconds) / serialSeconds),
    queueSeconds: 20,
    savedWork: 1.84,
    endToEnd: 2.65,
    ...(ceiling === undefined ? {} : { ceiling }),
  };
}

const device = (index: number, joules: number) => ({ device: `GPU-7b1e5c0${index}`, model: gpu, joules });

export const energy: NonNullable<DistillationJobStatus['energy']> = {
  joules: 922_000,
  byDevice: [
    device(0, 178_400),
    device(1, 184_900),
    device(2, 179_300),
    { device: 'GPU-7b1e5c03', model: gpu, reason: 'its counter was reset during the run' },
  ],
  usedDevices: 717_000,
  dedicatedNode: 922_000,
  idleReservedJoules: 31_200,
  idleReservedEstimated: true,
  method: 'Counter',
  coverage: ['GPU', 'CPU'],
  greenup: 1.29,
  savingPercent: 22.6,
  formula: '100 x (1 - 922 kJ / 1190 kJ), dedicated node',
  gaps: 2,
};
