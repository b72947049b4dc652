import { expect, test } from 'vitest';
import { unitSpecText } from './objects.ts';

test('the environment of a pod is expanded as a kubelet does it', () => {
  const env = [
    { name: 'INDEX', valueFrom: { fieldRef: { fieldPath: "metadata.labels['example.dev/index']" } } },
    { name: 'BLOCKSTILL_UNIT_SPEC', value: '{"unit":"unit-00$(INDEX)","a":"$(UNKNOWN)","b":"$$(INDEX)"}' },
  ];
  const spec = { containers: [{ name: 'worker', env }] };
  expect(unitSpecText(spec, { 'example.dev/index': '3' })).toBe(
    '{"unit":"unit-003","a":"$(UNKNOWN)","b":"$(INDEX)"}',
  );
  expect(unitSpecText({ containers: [{ name: 'other' }] })).toBeUndefined();
});
