import { describe, expect, test } from 'vitest';
import { randomStream } from '../../common/random.ts';
import { Graph } from './graph.ts';
import { add, batchNorm, biasAdd, conv2d, relu, tap } from './nn.ts';
import { openSession } from './session.ts';
import type { Operation, Shape, Tensor, Values, Variable } from './tensor.ts';
import { elementCount } from './tensor.ts';

/**
 * TensorFlow fuses a convolution with the bias, BatchNorm, addition and activation behind it where nothing else reads
 * what lies between, and fused kernels round differently: the bits of an activation depend on who else reads which
 * tensors. These tests hold that with a tap on every boundary they do not.
 */
const image: Shape = [8, 9, 9, 16];

/** What follows each convolution; an addition adds the convolution of the previous row. */
const chain = [
  ['bias', 'relu'],
  ['normal', 'add', 'relu'],
  ['bias', 'normal', 'relu'],
  ['normal', 'relu', 'add'],
  ['add', 'relu'],
] as const;

type Part = 'conv' | (typeof chain)[number][number];

/** Emits the network up to a tensor and shows every tensor that is a candidate for a boundary. */
class Teacher {
  readonly values = new Map<string, Values>();
  readonly #random = randomStream('teacher');

  emit(graph: Graph, show: (name: string, x: Tensor) => boolean): void {
    const images = graph.variable('images', image);
    this.#fill(images, () => this.#random.normal());
    let [x, previous, skip] = [graph.read(images), graph.read(images), graph.read(images)];
    for (const [index, parts] of chain.entries()) {
      skip = previous;
      for (const part of ['conv', ...parts] as const) {
        x = this.#part(graph, part, { x, skip, name: `${index}/${part}` });
        if (part === 'conv') previous = x;
        if (!show(`${index}/${part}`, x)) return;
      }
    }
  }

  #part(graph: Graph, part: Part, { x, skip, name }: { x: Tensor; skip: Tensor; name: string }): Tensor {
    const channels = image[3] ?? 1;
    const vector = (kind: string, low = -0.2, high = 0.2): Variable =>
      this.#fill(
        graph.variable(`${name}/${kind}`, [channels]),
        () => low + (high - low) * this.#random.uniform(),
      );
    switch (part) {
      case 'conv': {
        const filter = graph.variable(`${name}/filter`, [3, 3, channels, channels]);
        return conv2d(x, graph.read(this.#fill(filter, () => this.#random.normal() / 12)));
      }
      case 'bias':
        return biasAdd(x, graph.read(vector('bias')));
      case 'normal': {
        const [scale, offset] = [graph.read(vector('scale', 0.5, 1.5)), graph.read(vector('offset'))];
        const [mean, variance] = [vector('mean'), vector('variance', 0.5, 1.5)];
        return batchNorm(x, { scale, offset, mean, variance, epsilon: 1e-3, training: false, momentum: 0.99 })
          .y;
      }
      case 'add':
        return add(x, skip);
      case 'relu':
        return relu(x);
    }
  }

  #fill(variable: Variable, value: () => number): Variable {
    if (!this.values.has(variable.name)) {
      this.values.set(variable.name, Float32Array.from({ length: elementCount(variable.shape) }, value));
    }
    return variable;
  }
}

interface Pass {
  readonly boundaries: readonly string[];
  readonly wanted: readonly string[];
  /** Stop at the last wanted boundary. */
  readonly cut: boolean;
  readonly tapped?: boolean;
}

const teacher = new Teacher();

const names: string[] = [];
teacher.emit(new Graph(), (name) => names.push(name) > 0);
/** Tensors that two others read, of which a cut-off may leave only one: they need taps too. */
const forks = ['0/conv', '2/conv', '3/conv'];

/** The wanted activations of one teacher pass. */
function activations({ boundaries, wanted, cut, tapped = true }: Pass): Map<string, Values> {
  const graph = new Graph();
  const run: Operation[] = [];
  const last = Math.max(...wanted.map((name) => names.indexOf(name)));
  teacher.emit(graph, (name, x) => {
    if (tapped && (boundaries.includes(name) || forks.includes(name))) run.push(tap(x));
    if (wanted.includes(name)) run.push(graph.assign(graph.variable(name, x.shape), x));
    return !cut || names.indexOf(name) < last;
  });
  graph.endpoint('pass', { run });
  using session = openSession(graph, { device: 'CPU' });
  session.set(new Map([...teacher.values].filter(([name]) => graph.variables.has(name))));
  session.run('pass');
  return session.get(wanted);
}

function ending(...parts: readonly Part[]): string[] {
  return names.filter((name) => parts.some((part) => name.endsWith(part)));
}

describe('with taps, a boundary has the same bits for every choice of wanted boundaries and every cut-off', () => {
  test.each([
    ['everything', names],
    ['convolutions', ending('conv')],
    ['biases', ending('bias')],
    ['normals', ending('normal')],
    ['additions', ending('add')],
    ['activations', ending('relu')],
    ['convolutions and activations', ending('conv', 'relu')],
  ])('where boundaries are %s', (_kind, boundaries) => {
    const random = randomStream('choices', String(boundaries));
    const all = activations({ boundaries, wanted: boundaries, cut: true });
    const some = Array.from({ length: 4 }, () => boundaries.filter(() => random.uniform() < 0.4));
    const passes = [
      ...boundaries.map((name) => ({ wanted: [name], cut: true })),
      ...some.flatMap((wanted) => [
        { wanted, cut: true },
        { wanted, cut: false },
      ]),
    ];
    for (const { wanted, cut } of passes.filter((pass) => pass.wanted.length > 0)) {
      for (const [name, values] of activations({ boundaries, wanted, cut })) {
        expect(values, `${name} of ${wanted.join()}`).toEqual(all.get(name));
      }
    }
  });
});

test('without taps the bits differ, so the tests above prove something', () => {
  const all = activations({ boundaries: names, wanted: names, cut: true, tapped: false });
  const different = names.filter((name) => {
    const alone = activations({ boundaries: names, wanted: [name], cut: true, tapped: false }).get(name);
    return alone?.some((value, index) => value !== all.get(name)?.[index]) === true;
  });
  expect(different).not.toEqual([]);
});
