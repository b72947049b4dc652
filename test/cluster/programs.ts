import { kubernetesFolder } from '../../scripts/cluster/kubernetes.ts';

/** The folder with etcd, kube-apiserver and kubectl: a given one, or the one that set-up has built. */
export async function programFolder(): Promise<string> {
  return process.env['KUBEBUILDER_ASSETS'] || (await kubernetesFolder());
}
