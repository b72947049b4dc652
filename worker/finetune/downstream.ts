import type { Network } from '../models/network.ts';

/** The layers that are new in the student, and all that depend on one of them: those whose inputs have changed. */
export function downstreamOf(student: Network, teacher: Network): ReadonlySet<string> {
  const known = new Set(teacher.layers.map((layer) => layer.name));
  const downstream = new Set<string>();
  for (const layer of student.layers) {
    if (!known.has(layer.name) || layer.inputs.some((input) => downstream.has(input)))
      downstream.add(layer.name);
  }
  return downstream;
}
