/** What the operator was installed with, and what it gives to jobs that don't say otherwise. */
export interface OperatorDefaults {
  /** Without one, every job must name its own. */
  readonly workerImage?: string | undefined;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  readonly imagePullSecrets: readonly string[];
  readonly runtimeClassName?: string | undefined;
  /** Whether jobs may mount folders of nodes and NFS shares, which breaks the restricted Pod Security level. */
  readonly allowHostVolumes: boolean;
}
