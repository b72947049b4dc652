import { join } from 'node:path';
import type { Authority } from '../certificates.ts';
import type { NodeNetwork } from './network.ts';

export const nodeName = 'node1';
export const containerdSocket = '/run/containerd/containerd.sock';
export const pauseImage = 'localhost/pause:1';

/** The network of pods: a bridge in the node. It leads to the machine and nowhere else. */
export function podNetwork({ pods }: NodeNetwork): object {
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods',
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

/** @see https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md */
export function containerdConfiguration(options: { networkFolder: string; pluginFolder: string }): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  # In a container even root may not lower a process's oom_score_adj.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${options.pluginFolder}"
    conf_dir = "${options.networkFolder}"
`;
}

/** @see https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
export function kubeletConfiguration(options: {
  authority: Authority;
  network: NodeNetwork;
  folder: string;
  group: string;
}): object {
  const { authority, network, folder, group } = options;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: network.node,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: authority.file('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: authority.file('kubelet.crt'),
    tlsPrivateKeyFile: authority.file('kubelet.key'),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${group}`,
    failCgroupV1: false,
    failSwapOn: false,
    // Pods get no DNS: the machine's own names no server that a pod could reach.
    resolvConf: join(folder, 'resolv.conf'),
    // A machine of developers may be nearly full.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    serializeImagePulls: false,
    eventRecordQPS: 0,
    nodeStatusUpdateFrequency: '1s',
    nodeStatusReportFrequency: '10s',
  };
}
