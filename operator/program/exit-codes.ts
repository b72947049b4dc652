/** How the operator ends. A second signal ends it with 128 and the number of the signal. */
export const exitCodes = {
  /** As asked, by a signal; what ran has finished and the Lease is given back. */
  Stopped: 0,
  /** A defect, a lost Lease, or work that did not stop in time: to be started again. */
  Failed: 1,
  /** Options or kubeconfig can't be used. */
  Usage: 2,
} as const;
