/** One option of the program, as a flag and as a variable of the environment. */
export interface Flag {
  /** As `--name`; in the environment `BLOCKSTILL_NAME`, with underscores. */
  readonly name: string;
  /** What stands for the value in the help; without it the flag is a switch. */
  readonly value?: string;
  /** May be given several times; as one value, parts are separated by commas. */
  readonly repeatable?: boolean;
  readonly help: string;
}

export const flags = [
  {
    name: 'kubeconfig',
    value: 'file',
    help: 'how to reach the cluster; default: KUBECONFIG, the service account of the pod, or ~/.kube/config',
  },
  { name: 'context', value: 'name', help: 'in place of the current context of the kubeconfig' },
  {
    name: 'namespace',
    value: 'name',
    repeatable: true,
    help: 'watch only this namespace; default: all',
  },
  {
    name: 'worker-image',
    value: 'image',
    help: 'image of the workers; without it, a job that names none in spec.pod.image is invalid',
  },
  {
    name: 'worker-image-pull-policy',
    value: 'policy',
    help: "Always, IfNotPresent or Never; default: the cluster's own rule",
  },
  {
    name: 'worker-image-pull-secret',
    value: 'name',
    repeatable: true,
    help: 'secret with which workers pull their image, in the namespace of the job',
  },
  {
    name: 'worker-runtime-class',
    value: 'name',
    help: 'runtimeClassName of the workers, such as nvidia; default: none',
  },
  {
    name: 'worker-gpu-resource',
    value: 'name',
    help: 'what GPUs are called where spec.resources.gpu.resourceName does not say, such as nvidia.com/mig-1g.10gb; default: nvidia.com/gpu',
  },
  {
    name: 'worker-toleration',
    value: 'taint',
    repeatable: true,
    help: 'taint that workers tolerate, as key[=value][:Effect]; a job that has tolerations for the same key keeps to those',
  },
  {
    name: 'worker-node-selector',
    value: 'label',
    repeatable: true,
    help: 'label of the nodes that workers run on, as key=value; a job may select by another value',
  },
  {
    name: 'worker-storage-uri',
    value: 'uri',
    help: 'where jobs that say nothing in spec.storage exchange data, s3://... or file:///...; default: below their output',
  },
  {
    name: 'worker-storage-claim',
    value: 'name',
    help: 'claim in the namespace of the job that is mounted at a file:/// storage',
  },
  {
    name: 'worker-storage-s3-endpoint',
    value: 'url',
    help: 'address of the S3 service of an s3:// storage; default: that of AWS in the region',
  },
  { name: 'worker-storage-s3-region', value: 'name', help: 'its region; default: us-east-1' },
  {
    name: 'worker-storage-s3-force-path-style',
    help: 'put the bucket into the path, as most services other than AWS need it',
  },
  {
    name: 'worker-storage-s3-credentials-secret',
    value: 'name',
    help: 'secret with its keys, in the namespace of the job; default: what the service account of the pod gives',
  },
  {
    name: 'allow-host-volumes',
    help: 'accept jobs with hostPath and inline NFS volumes, which the restricted Pod Security level forbids',
  },
  {
    name: 'no-leader-election',
    help: 'lead at once; safe only where no second operator can run',
  },
  {
    name: 'leader-election-namespace',
    value: 'name',
    help: "where the Lease is; default: POD_NAMESPACE, the pod's own, that of the context, or default",
  },
  { name: 'lease-name', value: 'name', help: 'name of the Lease; default: blockstill-operator' },
  { name: 'qps', value: 'number', help: 'requests a second to the API, on average; default: 300' },
  { name: 'burst', value: 'number', help: 'requests to the API at once; default: 500' },
  { name: 'workers', value: 'number', help: 'jobs that are looked at at the same time; default: 16' },
  {
    name: 'no-progress',
    help: "don't ask pods for their progress, as where they can't be reached from here",
  },
  {
    name: 'dcgm-exporter-url',
    value: 'url',
    help: 'where the DCGM exporter of a node is, such as http://{node-ip}:9400/metrics: tells what whole nodes drew',
  },
  {
    name: 'listen',
    value: 'address',
    help: 'host and port for /healthz, /readyz and /metrics, or off; default: 0.0.0.0:8080',
  },
  { name: 'log-level', value: 'level', help: 'error, warn, info or debug; default: info' },
  { name: 'log-format', value: 'format', help: 'json or text; default: json' },
] as const satisfies readonly Flag[];

export type FlagName = (typeof flags)[number]['name'];

export function variableOf(name: string): string {
  return `BLOCKSTILL_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** What `--help` prints. */
export function helpText(): string {
  const lines = flags.map((flag: Flag) => {
    const head = `--${flag.name}${flag.value === undefined ? '' : ` <${flag.value}>`}`;
    return `  ${head}\n      ${flag.help}${flag.repeatable ? ' (repeatable, or a list with commas)' : ''}`;
  });
  return `Usage: blockstill-operator [options]

Watches DistillationJobs, and runs their blocks as pods.

Options:
${lines.join('\n')}
  --help
      print this

Each option may also be given in the environment: --worker-image as ${variableOf('worker-image')}, a switch as
${variableOf('no-progress')}=true. The flag wins.

Exit codes:
  0    stopped as asked, with SIGTERM or SIGINT
  1    something broke, or the Lease was lost; start it again
  2    options or kubeconfig can't be used; starting again without a change will not help
  130  a second SIGINT, or 143, a second SIGTERM: stopped without waiting for work to end
`;
}
