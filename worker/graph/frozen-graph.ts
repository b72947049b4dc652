import { Graph } from './graph.ts';
import type { Operation, Tensor, Values, Variable } from './tensor.ts';

/** A graph in which the given variables are constants, as in a model that is deployed. */
export class FrozenGraph extends Graph {
  readonly #values: ReadonlyMap<string, Values>;
  readonly #frozen = new Map<string, Tensor>();

  constructor(values: ReadonlyMap<string, Values>) {
    super();
    this.#values = values;
  }

  override read(variable: Variable, after?: readonly Operation[]): Tensor {
    const value = this.#values.get(variable.name);
    if (value === undefined) return super.read(variable, after);
    const known = this.#frozen.get(variable.name);
    if (known !== undefined) return known;
    const { dtype, shape } = variable;
    const [constant] = this.apply('Const', [], { dtype, shape, value }).outputs;
    if (constant === undefined) throw new Error('Const has no output');
    this.#frozen.set(variable.name, constant);
    return constant;
  }
}
