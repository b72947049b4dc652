import { tap } from '../graph/nn.ts';
import type { Operation, Tensor, Variable } from '../graph/tensor.ts';
import { emitNetwork } from '../models/emit.ts';
import type { Network } from '../models/network.ts';

export const teacherPrefix = 'teacher/';

export interface Substitute {
  readonly input: string;
  readonly output: string;
  /** Makes the block's output from the activation at its input boundary. */
  readonly emit: (input: Tensor) => Tensor;
}

export interface TeacherPassOptions {
  readonly network: Network;
  /** Preprocessed images `[batch, height, width, channels]`. */
  readonly images: Tensor;
  /** Every block boundary of the plan. */
  readonly boundaries: readonly string[];
  /** Layers whose outputs the caller reads. */
  readonly wanted: readonly string[];
  /** Puts a replacement in the place of a block, for scoring it. */
  readonly substitute?: Substitute;
}

export interface TeacherPass {
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** The network's output. */
  readonly output: Tensor;
  /** Must be run by every endpoint that reads a wanted output. */
  readonly taps: readonly Operation[];
  readonly variables: readonly Variable[];
}

/**
 * The one way in which teacher activations are computed: for statistics, caches, recomputation and scores.
 *
 * TensorFlow fuses a convolution with the BatchNorm and activation behind it where nothing else reads what lies between,
 * and the fused kernel rounds differently. So the bits of an activation depend on which tensors are read besides it. Here
 * every boundary of the plan, and every tensor that feeds several layers, has a tap as a further reader whenever it lies
 * on the way to a wanted output; what is fused then depends on the teacher and the plan alone, not on what a caller wants.
 */
export function emitTeacherPass(options: TeacherPassOptions): TeacherPass {
  const { network, images, wanted, substitute } = options;
  const needed = ancestors(network, wanted, substitute);
  const tapped = new Set([...options.boundaries, ...forks(network)].filter((layer) => needed.has(layer)));
  const outputs = new Map<string, Tensor>();
  const taps: Operation[] = [];
  const emitted = emitNetwork(network, {
    input: images,
    mode: 'inference',
    prefix: teacherPrefix,
    onOutput: (layer, original) => {
      const input = substitute?.output === layer ? outputs.get(substitute.input) : undefined;
      const tensor = input === undefined ? original : substitute!.emit(input);
      outputs.set(layer, tensor);
      if (tapped.has(layer)) taps.push(tap(tensor));
      return tensor;
    },
  });
  return { outputs, output: emitted.output, taps, variables: [...emitted.variables, ...emitted.state] };
}

/** The layers that some layer of `targets` depends on, themselves included. */
function ancestors(
  network: Network,
  targets: readonly string[],
  substitute?: Substitute,
): ReadonlySet<string> {
  const found = new Set(targets);
  for (const layer of network.layers.toReversed()) {
    if (!found.has(layer.name)) continue;
    const inputs = layer.name === substitute?.output ? [substitute.input] : layer.inputs;
    for (const input of inputs) found.add(input);
  }
  return found;
}

/** Layers whose output feeds more than one layer. */
function forks(network: Network): readonly string[] {
  const readers = new Map<string, number>();
  for (const layer of network.layers) {
    for (const input of layer.inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  }
  return network.layers.map((layer) => layer.name).filter((name) => (readers.get(name) ?? 0) > 1);
}
