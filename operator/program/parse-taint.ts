import type { Toleration } from '../../crds/spec/affinity.ts';

type Effect = NonNullable<Toleration['effect']>;

const effects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] satisfies Effect[];

/**
 * The toleration of a taint that is written as `kubectl taint` takes it, `key[=value][:Effect]`: without a value of any,
 * without an effect of all. As text what is wrong with it, to complete a sentence.
 *
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function parseTaint(taint: string): Toleration | string {
  const { pair = '', effect } = /^(?<pair>[^:]*)(:(?<effect>.*))?$/s.exec(taint)?.groups ?? {};
  const label = parseLabel(pair);
  if (typeof label === 'string') return label;
  if (effect !== undefined && !effects.includes(effect)) {
    return `has the effect "${effect}", which must be one of ${effects.join(', ')}`;
  }
  return {
    key: label.key,
    ...(label.value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value: label.value }),
    ...(effect === undefined ? {} : { effect: effect as Effect }),
  };
}

/** A label of nodes to select by, `key=value`; as text what is wrong with it, to complete a sentence. */
export function parseNodeLabel(text: string): { key: string; value: string } | string {
  const label = parseLabel(text);
  if (typeof label === 'string') return label;
  const { key, value } = label;
  return value === undefined ? `has no value: write ${key}=value` : { key, value };
}

/** What taints and labels have in common. */
function parseLabel(text: string): { key: string; value: string | undefined } | string {
  const { key = '', value } = /^(?<key>[^=]*)(=(?<value>.*))?$/s.exec(text)?.groups ?? {};
  if (key === '') return 'names no key';
  const [prefix, name, ...others] = key.includes('/') ? key.split('/') : [undefined, key];
  const isKey =
    others.length === 0 &&
    nameExpression.test(name ?? '') &&
    (prefix === undefined || (prefix.length <= 253 && prefixExpression.test(prefix)));
  if (!isKey) {
    return `has the key "${key}", which is none: letters, digits, "-", "_", ".", and a domain before "/" where it has one`;
  }
  if (value === undefined || value === '' || nameExpression.test(value)) return { key, value };
  return `has the value "${value}", which is none: at most 63 letters, digits, "-", "_", "."`;
}

const nameExpression = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const prefixExpression = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
