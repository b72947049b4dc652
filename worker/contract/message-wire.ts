import type { Accuracy } from './primitives.ts';
import { latencyFromWire, latencyToWire } from './latency-wire.ts';
import { energyToWire, shortReason, whyKept, type Trimmed } from './trimmed.ts';
import type { PlanFacts, ProfileFacts } from './unit-facts.ts';
import type { UnitMessage } from './unit-message.ts';

/** A column: every value, or those that are there by their position. */
type Column = readonly unknown[] | Readonly<Record<string, unknown>>;
type Columns = Readonly<Record<string, Column>>;
type Row = Readonly<Record<string, unknown>>;

/** Significant ones of a figure. */
const mostDigits = 5;

/** The message as columns of figures, which deflate well, without the names that its reader knows. */
export function toWire(message: UnitMessage, trimmed: Trimmed): unknown {
  switch (message.stage) {
    case 'Prepare':
      return rounded(
        {
          ...message,
          facts: { ...message.facts, ...energyToWire(message.facts, trimmed) },
          plan: planToWire(message.plan, trimmed),
          profile: profileToWire(message.profile, message.plan),
        },
        trimmed,
      );
    case 'Baseline':
      return rounded(
        { ...message, facts: { ...message.facts, ...energyToWire(message.facts, trimmed) } },
        trimmed,
      );
    case 'Distill':
      return rounded(
        {
          ...message,
          facts: {
            ...message.facts,
            ...energyToWire(message.facts, trimmed),
            peakMemory: message.facts.peakMemory && whyKept(message.facts.peakMemory, trimmed),
            blocks: columnsOf(
              message.facts.blocks.map(({ score, reason, latency, ...block }) => ({
                ...withoutName(block),
                ...shortReason(reason, trimmed),
                score: score === null ? null : Object.values(inOrder(score)),
                ...latencyToWire(latency, trimmed),
              })),
            ),
          },
        },
        trimmed,
      );
    case 'Finetune':
      return rounded(
        {
          ...message,
          facts: {
            ...message.facts,
            ...energyToWire(message.facts, trimmed),
            blocks: columnsOf(
              message.facts.blocks.map(({ reason, ...block }) => ({
                ...withoutName(block),
                ...shortReason(reason, trimmed),
              })),
            ),
          },
        },
        trimmed,
      );
  }
}

/** The message again; what it holds is checked by the caller. */
export function fromWire(wire: unknown, names: readonly string[]): unknown {
  const message = wire as Row & { facts: Row };
  switch (message['stage']) {
    case 'Prepare': {
      const plan = message['plan'] as PlanWire;
      return {
        ...message,
        plan: planFromWire(plan),
        profile: profileFromWire(message['profile'] as ProfileWire, plan.names),
      };
    }
    case 'Baseline':
      return message;
    case 'Distill': {
      const blocks = named(rowsOf(message.facts['blocks'] as Columns), names).map(({ score, ...block }) => ({
        ...latencyFromWire(block),
        score: score === null ? null : scoreOf(score as unknown[]),
      }));
      return { ...message, facts: { ...message.facts, blocks } };
    }
    default:
      return {
        ...message,
        facts: { ...message.facts, blocks: named(rowsOf(message.facts['blocks'] as Columns), names) },
      };
  }
}

interface PlanWire {
  readonly names: readonly string[];
  /** First and last layer of each block; absent when they were left out. */
  readonly layers?: readonly (readonly string[])[];
  /** Positions in `shapes` of the boundaries. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly shapes: readonly (readonly number[])[];
  readonly kept: {
    readonly names: readonly string[];
    readonly layers: readonly (readonly string[])[];
    readonly reasons: readonly string[];
  };
  /** The order of the candidates as positions in the planned blocks followed by the kept ones. */
  readonly order: readonly number[];
  readonly rest: Omit<PlanFacts, 'blocks' | 'kept' | 'candidates'>;
}

function planToWire(plan: PlanFacts, trimmed: Trimmed): PlanWire {
  const { blocks, kept: allKept, candidates, batchSize, teacher, dataset, warnings } = plan;
  const kept = allKept.slice(0, trimmed.kept ?? allKept.length);
  const boundaries = new Map<string, readonly number[]>();
  for (const block of blocks) {
    boundaries.set(block.input, block.inputShape).set(block.output, block.outputShape);
  }
  const positions = new Map([...boundaries.keys()].map((name, position) => [name, position]));
  const all = new Map([...blocks, ...kept].map(({ name }, position) => [name, position]));
  const missing = allKept.length - kept.length;
  const notice = `${missing} more layers stay as they are; plan.json in the exchange lists them.`;
  return {
    names: blocks.map(({ name }) => name),
    ...(trimmed.layers === false ? {} : { layers: blocks.map((block) => ends(block.layers)) }),
    inputs: blocks.map(({ input }) => positions.get(input) ?? 0),
    outputs: blocks.map(({ output }) => positions.get(output) ?? 0),
    shapes: [...boundaries.values()],
    kept: {
      names: kept.map(({ name }) => name),
      layers: kept.map(({ layers }) => ends(layers)),
      reasons: kept.map(({ reason }) => shortReason(reason, trimmed).reason ?? ''),
    },
    order: candidates.flatMap((name) => all.get(name) ?? []),
    rest: { batchSize, teacher, dataset, warnings: missing === 0 ? warnings : [...warnings, notice] },
  };
}

function planFromWire(wire: PlanWire): PlanFacts {
  const { names, layers, inputs, outputs, shapes, kept, order, rest } = wire;
  const all = [...names, ...kept.names];
  return {
    ...rest,
    blocks: names.map((name, index) => ({
      name,
      layers: [...(layers?.[index] ?? [name])],
      input: String(inputs[index]),
      output: String(outputs[index]),
      inputShape: [...(shapes[inputs[index] ?? -1] ?? [])],
      outputShape: [...(shapes[outputs[index] ?? -1] ?? [])],
    })),
    kept: kept.names.map((name, index) => ({
      name,
      layers: [...(kept.layers[index] ?? [])],
      reason: kept.reasons[index] || 'plan.json in the exchange says why.',
    })),
    candidates: order.flatMap((position) => all[position] ?? []),
  };
}

interface ProfileWire extends Omit<ProfileFacts, 'blocks'> {
  readonly blocks: { readonly stepSeconds: readonly number[]; readonly prefixSeconds: readonly number[] };
}

/** In the order of the plan, whose names it goes by. */
function profileToWire({ blocks, ...rest }: ProfileFacts, plan: PlanFacts): ProfileWire {
  const times = plan.blocks.map(({ name }) => blocks.find((block) => block.name === name));
  return {
    ...rest,
    blocks: {
      stepSeconds: times.map((block) => block?.stepSeconds ?? 0),
      prefixSeconds: times.map((block) => block?.prefixSeconds ?? 0),
    },
  };
}

function profileFromWire({ blocks, ...rest }: ProfileWire, names: readonly string[]): unknown {
  return {
    ...rest,
    blocks: names.map((name, index) => ({
      name,
      stepSeconds: blocks.stepSeconds[index],
      prefixSeconds: blocks.prefixSeconds[index],
    })),
  };
}

function ends(layers: readonly string[]): string[] {
  return layers.length < 2 ? [...layers] : [layers[0] ?? '', layers.at(-1) ?? ''];
}

function withoutName(block: Row): Row {
  return { ...block, name: undefined };
}

function inOrder({ value, samples, standardError, measure }: Accuracy): Accuracy {
  return { value, samples, standardError, measure };
}

function scoreOf([value, samples, standardError, measure]: readonly unknown[]): Row {
  return { value, samples, standardError, measure };
}

function columnsOf(rows: readonly Row[]): Columns & { readonly count: Column } {
  const names = new Set(rows.flatMap((row) => Object.keys(row).filter((name) => row[name] !== undefined)));
  const columns: Record<string, Column> = {};
  for (const name of names) {
    const values = rows.map((row) => row[name]);
    columns[name] = values.includes(undefined)
      ? Object.fromEntries(values.flatMap((value, index) => (value === undefined ? [] : [[index, value]])))
      : values;
  }
  return { ...columns, count: [rows.length] };
}

function rowsOf({ count, ...columns }: Columns): Record<string, unknown>[] {
  const length = Math.min(128, Array.isArray(count) ? Number(count[0]) : 0);
  return Array.from({ length }, (_, index) =>
    Object.fromEntries(
      Object.entries(columns).flatMap(([name, column]) => {
        const value = (column as Readonly<Record<string, unknown>>)[index];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  );
}

/** @throws when there are other than so many blocks: they would be taken for each other */
function named(rows: readonly Row[], names: readonly string[]): Row[] {
  if (rows.length !== names.length) throw new Error('a message about other blocks');
  return rows.map((row, index) => ({ ...row, name: names[index] }));
}

/** Whole numbers stay: they are counts and versions. */
function rounded(value: unknown, { digits = mostDigits }: Trimmed): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'number' && !Number.isInteger(member) ? Number(member.toPrecision(digits)) : member,
    ),
  );
}
