import { coreEvents } from '../../operator/cluster/kube-objects.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { PodObject } from '../chaos/objects.ts';

/** Says of a pod what a kubelet says of one that it can't begin. */
export async function complain(
  client: KubeClient,
  { metadata: { name = '', namespace = '', uid = '' } }: PodObject,
  { reason, message }: { readonly reason: string; readonly message: string },
): Promise<void> {
  const involvedObject = { apiVersion: 'v1', kind: 'Pod', name, namespace, uid };
  const lastTimestamp = new Date().toISOString();
  const metadata = { name: `${name}.${reason.toLowerCase()}`, namespace };
  const event = { metadata, type: 'Warning', involvedObject, reason, message, lastTimestamp };
  await client.create(coreEvents, event);
}
