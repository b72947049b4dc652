import { parseArgs } from 'node:util';
import { closest } from '../../crds/suggest.ts';
import { flags, variableOf, type Flag, type FlagName } from './flags.ts';

/** What was given for an option, and where, for messages. */
export interface Given {
  /** `--qps` or `BLOCKSTILL_QPS`. */
  readonly source: string;
  readonly values: readonly string[];
}

export interface FlagsRead {
  readonly given: ReadonlyMap<FlagName, Given>;
  readonly help: boolean;
  /** Sentences, each naming a flag. */
  readonly problems: readonly string[];
}

/** Reads flags, and the environment for what no flag says. Checks only what is needed for that, not the values. */
export function readFlags(args: readonly string[], environment: NodeJS.ProcessEnv): FlagsRead {
  const given = new Map<FlagName, Given>();
  const problems: string[] = [];
  let help = false;
  const options = Object.fromEntries(flags.map(({ name, ...flag }) => [name, { type: typeOf(flag) }]));
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowNegative: false,
    tokens: true,
  });
  const onCommandLine = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}" is no option.`);
    if (token.kind !== 'option') continue;
    const { name, rawName } = token;
    if (name === 'help' || rawName === '-h') {
      help = true;
      continue;
    }
    const flag = flags.find((each): each is typeof each & Flag => each.name === name) as Flag | undefined;
    if (flag === undefined) {
      problems.push(unknown(rawName));
      continue;
    }
    // What begins with a dash is the next flag: the value was forgotten.
    const value = token.inlineValue || !token.value?.startsWith('-') ? token.value : undefined;
    const values = onCommandLine.get(name) ?? [];
    onCommandLine.set(name, values);
    if (flag.value === undefined) values.push(value ?? 'true');
    else if (value === undefined || value === '')
      problems.push(`${rawName} needs a value: ${rawName} <${flag.value}>.`);
    else values.push(value);
  }
  for (const flag of flags) {
    const source = `--${flag.name}`;
    const values = onCommandLine.get(flag.name);
    const variable = environment[variableOf(flag.name)];
    if (values !== undefined) given.set(flag.name, { source, values: partsOf(flag, values) });
    else if (variable) {
      given.set(flag.name, { source: variableOf(flag.name), values: partsOf(flag, [variable]) });
    }
    if (values !== undefined && values.length > 1 && !('repeatable' in flag)) {
      problems.push(`${source} is given ${values.length} times.`);
    }
  }
  return { given, help, problems };
}

function typeOf(flag: Omit<Flag, 'name'>): 'string' | 'boolean' {
  return flag.value === undefined ? 'boolean' : 'string';
}

function partsOf({ repeatable = false }: Flag, values: readonly string[]): readonly string[] {
  if (!repeatable) return values;
  return values.flatMap((value) => value.split(',')).map((part) => part.trim());
}

function unknown(rawName: string): string {
  const names = flags.map(({ name }) => `--${name}`);
  const similar = closest(rawName, names);
  return `${rawName} is unknown${similar === undefined ? '.' : `; did you mean ${similar}?`}`;
}
