/**
 * What of a pod template the `restricted` Pod Security level would refuse, by
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/ (baseline and restricted, Kubernetes 1.35).
 */
export function restrictedProblems(template: object): string[] {
  const { spec = {} } = template as { spec?: Fields };
  const security = (spec.securityContext ?? {}) as Fields;
  const containers = [...list(spec.initContainers), ...list(spec.containers)];
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter((name) => spec[name] === true),
    ...(security.sysctls === undefined ? [] : ['sysctls']),
    ...list(spec.volumes).flatMap(volumeProblems),
    ...containers.flatMap((container) => containerProblems(container, security)),
  ];
}

type Fields = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly Fields[] => (value ?? []) as readonly Fields[];

const allowedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

function volumeProblems({ name, ...source }: Fields): string[] {
  return Object.keys(source)
    .filter((kind) => !allowedVolumes.has(kind))
    .map((kind) => `volume ${String(name)}: ${kind}`);
}

function containerProblems(container: Fields, pod: Fields): string[] {
  const own = (container.securityContext ?? {}) as Fields;
  const either = (field: string): unknown => own[field] ?? pod[field];
  const { drop, add } = (own.capabilities ?? {}) as { drop?: readonly string[]; add?: readonly string[] };
  const seccomp = either('seccompProfile') as { type?: string } | undefined;
  const holds: readonly (readonly [string, boolean])[] = [
    ['privileged', own.privileged !== true],
    ['hostPort', list(container.ports).every(({ hostPort }) => hostPort === undefined || hostPort === 0)],
    ['procMount', own.procMount === undefined || own.procMount === 'Default'],
    ['allowPrivilegeEscalation', own.allowPrivilegeEscalation === false],
    ['runAsNonRoot', either('runAsNonRoot') === true],
    ['runAsUser', either('runAsUser') !== 0],
    ['seccompProfile', seccomp?.type === 'RuntimeDefault' || seccomp?.type === 'Localhost'],
    ['capabilities.drop', drop?.includes('ALL') === true],
    ['capabilities.add', (add ?? []).every((capability) => capability === 'NET_BIND_SERVICE')],
  ];
  return holds.filter(([, isSo]) => !isSo).map(([field]) => field);
}
