import type { Judgement, Verdict } from './judge.ts';

/** What all tools are to say of a job, one word each. */
export interface Health {
  readonly argo: string;
  readonly kstatus: string;
  /** Of Flux, where a Kustomization waits for the result. */
  readonly result: string;
  /** Of Flux, where a job that is accepted is enough. */
  readonly accepted: string;
}

/** The operator has not yet said anything of this version of the manifest. */
export const unseen: Health = {
  argo: 'Progressing',
  kstatus: 'InProgress',
  result: 'InProgress',
  accepted: 'InProgress',
};

/** It runs, or waits for something. */
export const working: Health = { ...unseen, accepted: 'Current' };

export const suspended: Health = { ...working, argo: 'Suspended' };

export const complete: Health = {
  argo: 'Healthy',
  kstatus: 'Current',
  result: 'Current',
  accepted: 'Current',
};

export const failed: Health = { argo: 'Degraded', kstatus: 'Failed', result: 'Failed', accepted: 'Current' };

/** The manifest can't work. */
export const refused: Health = { ...failed, accepted: 'Failed' };

/** What the tools say, one word each, and why where they can't. */
export function healthOf({ argo, kstatus, flux }: Verdict): Health {
  return {
    argo: wordOf(argo),
    kstatus: wordOf(kstatus),
    result: wordOf(flux.result),
    accepted: wordOf(flux.accepted),
  };
}

function wordOf({ status, error }: Judgement): string {
  return error ?? status ?? 'nothing';
}
