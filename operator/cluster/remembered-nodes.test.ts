import { expect, it } from 'vitest';
import { distilled, running } from '../decide/builders.ts';
import { withRememberedNodes } from './remembered-nodes.ts';

it('a unit whose pod is gone is still known to have run on the node of its block', () => {
  const status = { blocks: [{ name: 'a', layers: 'a', state: 'Distilled' as const, node: 'gpu-1' }] };
  const nodes = (...attempts: Parameters<typeof withRememberedNodes>[0]) =>
    withRememberedNodes(attempts, status).map(({ node }) => node);
  expect(nodes(distilled('unit-000', 'a'))).toEqual(['gpu-1']);
  expect(nodes({ ...distilled('unit-000', 'a'), node: 'gpu-2' })).toEqual(['gpu-2']);
  expect(nodes(distilled('unit-001', 'b'), running('unit-000'))).toEqual([undefined, undefined]);
  expect(withRememberedNodes([running('unit-000')], {})).toHaveLength(1);
});
