import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CompiledSpec } from '../../crds/compiled-job.ts';
import type { ClaimedStorage, SpecDefaults } from './operator-defaults.ts';

type Pod = CompiledSpec['pod'];

interface PodDefaults extends Pick<SpecDefaults, 'tolerations' | 'nodeSelector'> {
  /** Undefined for a job that has a storage of its own. */
  readonly storage: ClaimedStorage | undefined;
}

/**
 * The pods of a job with what the operator gives to all of them. Key by key and mount by mount the manifest's own word
 * counts.
 */
export function withPodDefaults(pod: Pod, { tolerations, nodeSelector, storage }: PodDefaults): Pod {
  return withClaim(withNodeSelector(withTolerations(pod, tolerations), nodeSelector), storage);
}

function withTolerations(pod: Pod, tolerations: PodDefaults['tolerations']): Pod {
  const own = pod.tolerations ?? [];
  const added = tolerations.filter(({ key }) => !own.some((each) => each.key === key));
  return added.length === 0 ? pod : { ...pod, tolerations: [...own, ...added] };
}

function withNodeSelector(pod: Pod, nodeSelector: PodDefaults['nodeSelector']): Pod {
  if (Object.keys(nodeSelector).length === 0) return pod;
  return { ...pod, nodeSelector: { ...nodeSelector, ...pod.nodeSelector } };
}

/** Names that begin like this are the operator's: see `acceptJob`. */
const volumeName = 'blockstill-storage';

function withClaim(pod: Pod, storage: ClaimedStorage | undefined): Pod {
  const { claimName, uri } = storage ?? {};
  if (claimName === undefined || uri === undefined) return pod;
  const mountPath = posix.resolve(fileURLToPath(uri));
  const { volumes = [], volumeMounts = [] } = pod;
  if (volumeMounts.some((mount) => posix.resolve(mount.mountPath) === mountPath)) return pod;
  return {
    ...pod,
    volumes: [...volumes, { name: volumeName, persistentVolumeClaim: { claimName } }],
    volumeMounts: [...volumeMounts, { name: volumeName, mountPath }],
  };
}
