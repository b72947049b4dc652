import type { CompileDefaults } from '../../crds/compile-job.ts';
import type { DefaultStorage } from '../../crds/compile-storage.ts';
import type { Toleration } from '../../crds/spec/affinity.ts';

/** What the operator was installed with, and what it gives to jobs that don't say otherwise. */
export interface OperatorDefaults {
  /** Without one, every job must name its own. */
  readonly workerImage?: string | undefined;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  readonly imagePullSecrets: readonly string[];
  readonly runtimeClassName?: string | undefined;
  readonly specDefaults: SpecDefaults;
  /** Whether jobs may mount folders of nodes and NFS shares, which breaks the restricted Pod Security level. */
  readonly allowHostVolumes: boolean;
}

/** What fills the gaps of a manifest. A job keeps what filled its own when it was accepted, through edits as well. */
export interface SpecDefaults extends CompileDefaults {
  /** Of all pods, but for keys that the manifest has tolerations for. */
  readonly tolerations: readonly Toleration[];
  /** Of all pods, but for keys that the manifest selects by. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly storage?: ClaimedStorage | undefined;
}

export interface ClaimedStorage extends DefaultStorage {
  /** Mounted where the URI says, which is a folder then; undefined: the job has to mount something there. */
  readonly claimName?: string | undefined;
}

export const noSpecDefaults: SpecDefaults = { tolerations: [], nodeSelector: {} };
