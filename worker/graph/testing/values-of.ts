import { openSession } from '../session.ts';
import type { Tensor, Values } from '../tensor.ts';

/** The value of a tensor that depends on constants only. */
export function valuesOf(tensor: Tensor): number[] {
  const { graph } = tensor;
  const name = `value ${graph.endpoints.size}`;
  graph.endpoint(name, { fetch: { value: tensor } });
  using session = openSession(graph, { device: 'CPU' });
  const { value }: Record<string, Values> = session.run(name);
  return [...(value ?? [])];
}
