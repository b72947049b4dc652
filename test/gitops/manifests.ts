import { manifestWith } from '../../crds/test-manifests.ts';

/** A manifest with an element in every list that has defaults inside, or that several owners may fill. */
export function everythingSaid(name: string): object {
  return manifestWith({
    'metadata.name': name,
    'spec.partition': {
      strategy: 'Explicit',
      blocks: [
        { name: 'second', from: 'conv2', to: 'relu2' },
        { name: 'first', from: 'conv1', to: 'relu1' },
      ],
    },
    // Its name and the rest of it are filled in.
    'spec.replacement': { candidates: [{ repeats: 1 }] },
    'spec.output.formats': ['LayersModel'],
    'spec.resources': { gpu: { count: 1 }, cpu: '1000m', memory: '1024Mi', distill: { cpu: '0.5' } },
    'spec.pod': {
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'batch' }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
      ],
      env: [
        { name: 'B', value: '2' },
        { name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      ],
      volumes: [
        { name: 'models', persistentVolumeClaim: { claimName: 'models' } },
        { name: 'keys', secret: { secretName: 'keys', items: [{ key: 'a', path: 'a' }] } },
      ],
      volumeMounts: [
        { name: 'models', mountPath: '/models' },
        { name: 'keys', mountPath: '/keys', readOnly: true },
      ],
    },
  }) as object;
}
