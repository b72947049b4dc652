import { valueRule, type Rule } from './rule.ts';

const volumeSources = ['persistentVolumeClaim', 'configMap', 'secret', 'emptyDir', 'csi', 'hostPath', 'nfs'];

/** Exactly one of the members must be there. */
function exactlyOne(path: string, members: readonly string[]): Rule {
  return valueRule<Record<string, unknown>>(path, {
    cel: `[${members.map((member) => `has(self.${member})`).join(', ')}].filter(given, given).size() == 1`,
    message: `give exactly one of ${members.join(', ')}`,
    check: (value) => members.filter((member) => value[member] !== undefined).length === 1,
  });
}

export const podRules: readonly Rule[] = [
  exactlyOne('spec.pod.volumes[]', volumeSources),
  valueRule<Record<string, unknown>>('spec.pod.env[]', {
    cel: '!(has(self.value) && has(self.valueFrom))',
    message: 'give value or valueFrom, not both',
    check: (value) => value['value'] === undefined || value['valueFrom'] === undefined,
  }),
  exactlyOne('spec.pod.env[].valueFrom', ['secretKeyRef', 'configMapKeyRef', 'fieldRef']),
  exactlyOne('spec.pod.envFrom[]', ['configMapRef', 'secretRef']),
];
