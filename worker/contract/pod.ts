/**
 * What the operator and a worker agree on beyond the unit spec when the worker runs in a pod. On one machine none of it
 * is set: the spec is a file, and progress goes to standard output.
 */
export const podEnvironment = {
  /** The unit spec as JSON, without the attempt's id, which only the pod has. */
  unitSpec: 'BLOCKSTILL_UNIT_SPEC',
  /** The UID of the pod: the attempt's id, so that no two pods ever write to the same place. */
  podUid: 'BLOCKSTILL_POD_UID',
  /** A folder on the node's disk: for caches, and for the files of an exchange that is no file system. */
  scratch: 'BLOCKSTILL_SCRATCH',
  /** Where the last words go; {@link terminationLog} when it is not set. */
  terminationLog: 'BLOCKSTILL_TERMINATION_LOG',
} as const;

/** Where a pod answers `GET /progress` with its last progress as JSON, and `GET /metrics` for Prometheus, while it runs. */
export const progressPort = 8472;

/** Where a container leaves its last words; the Kubernetes default. */
export const terminationLog = '/dev/termination-log';
