import type { DistillationJobStatus } from '../../crds/status.ts';
import { figure, percent, seconds, times } from '../render/format.ts';
import { energyUnits } from './energy-text.ts';

type Speedup = NonNullable<DistillationJobStatus['speedup']>;
type Baseline = NonNullable<DistillationJobStatus['baseline']>;
type Energy = NonNullable<DistillationJobStatus['energy']>;

/** What a figure of the status is called, and how it is shown. A figure that is missing here is a type error. */
export type Labels<Figures> = {
  readonly [Key in keyof Required<Omit<Figures, 'reason'>>]: Label<Figures[Key]>;
};

export interface Label<Value> {
  readonly name: string;
  show(value: NonNullable<Value>): string;
  /** Why it is absent, where the status' one reason does not say it. */
  readonly otherwise?: string | undefined;
}

/** Where a baseline was asked for, the status says why it tells nothing. */
export function whyUnmeasured(baseline: Baseline | undefined): string | undefined {
  return baseline === undefined ? 'Only a measured serial run can tell.' : undefined;
}

export const speedupLabels = (unmeasured: string | undefined): Labels<Speedup> => ({
  value: { name: 'Speedup of the distill stage', show: times },
  basis: {
    name: 'Basis',
    show: (basis) =>
      basis === 'Measured'
        ? 'measured against a serial run that took place'
        : 'estimated from the useful seconds',
  },
  serialSeconds: { name: 'Serial time (T1)', show: seconds },
  parallelSeconds: { name: 'Parallel time (TN)', show: seconds },
  queueSeconds: {
    name: 'Of that, waiting for a device',
    show: seconds,
    otherwise: 'Nobody has recorded how long units waited for a device.',
  },
  workers: { name: 'Workers at once (N)', show: String },
  ceiling: { name: 'Ceiling: all unit times / the longest', show: times },
  balance: { name: 'Balance: busy time / (N x TN)', show: (share) => percent(share, 1) },
  workInflation: { name: 'Work inflation: busy time / T1', show: figure, otherwise: unmeasured },
  savedWork: { name: 'Work saved against recomputing the teacher for every block', show: times },
  endToEnd: { name: 'Speedup with prepare and finetune', show: times },
  devices: { name: 'Measured on', show: (models) => models.join(', ') },
});

export const baselineLabels: Labels<Baseline> = {
  mode: {
    name: 'Asked for',
    show: (mode) => (mode === 'Measure' ? 'a serial run of this job' : 'another job'),
  },
  state: { name: 'State', show: (state) => state.toLowerCase() },
  jobName: { name: 'Job', show: String, otherwise: 'It is a serial run of this job.' },
  jobUid: { name: 'Identity of its run', show: String },
  seconds: { name: 'Time on one device', show: seconds },
  joules: { name: 'Energy, no part of that of the job', show: energyUnits },
  dedicatedNode: { name: 'Dedicated nodes: all their devices, idle ones included', show: energyUnits },
  coverage: { name: 'What is in the energy', show: (parts) => parts.join(', ') },
  attempts: { name: 'Attempts', show: String },
  startTime: { name: 'Began', show: String },
  completionTime: { name: 'Ended', show: String },
};

export const energyLabels = (
  unmeasured: string | undefined,
  oneSided: string | undefined,
): Labels<Energy> => ({
  joules: { name: 'Energy', show: energyUnits },
  byDevice: { name: 'Devices with a meter', show: (devices) => String(devices.length) },
  usedDevices: { name: 'Used devices: while units ran on them', show: energyUnits },
  dedicatedNode: { name: 'Dedicated nodes: all their devices, idle ones included', show: energyUnits },
  retriedJoules: { name: 'Attempts without a result', show: energyUnits },
  idleReservedJoules: { name: 'Reserved but idle devices', show: energyUnits },
  method: {
    name: 'Method',
    show: (method) => (method === 'Counter' ? "the devices' energy counters" : 'polled power, integrated'),
  },
  coverage: { name: 'What is in the figures', show: (parts) => parts.join(', ') },
  greenup: { name: 'Greenup: baseline energy / energy', show: times, otherwise: unmeasured },
  savingPercent: {
    name: 'Energy saving',
    show: (value) => `${value.toFixed(1)}%`,
    otherwise: unmeasured,
  },
  greenupDedicatedNode: { name: 'Greenup of dedicated nodes', show: times, otherwise: oneSided },
  savingPercentDedicatedNode: {
    name: 'Energy saving of dedicated nodes',
    show: (value) => `${value.toFixed(1)}%`,
    otherwise: oneSided,
  },
  formula: { name: 'Formula of the saving', show: String, otherwise: unmeasured },
  gaps: { name: 'Intervals without a reading', show: String },
});
