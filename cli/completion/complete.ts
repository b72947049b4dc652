import type { Argument, Command, Option } from 'commander';

/** A word that could come next, with what it is for. */
export interface Candidate {
  readonly value: string;
  readonly description?: string | undefined;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Names of files would do too: the shell knows how to complete them. */
  readonly files: boolean;
}

/** The words of a command line up to the cursor, as far as they are understood. */
export interface Context {
  /** Given so far: of options without a value `''`. */
  readonly options: ReadonlyMap<string, string>;
  readonly positional: readonly string[];
}

/** What could stand in the place of an argument or of an option's value, by its name: `<job>`, `<namespace>`. */
export type Source = (context: Context) => Promise<Completion>;
export type Sources = Readonly<Record<string, Source>>;

const nothing: Completion = { candidates: [], files: false };

/**
 * What could come at the end of a command line: read from the very commands that will parse it, so that there is no list
 * to be kept up.
 *
 * @param words - after the program's name; the last is what has been written of the word to complete, perhaps nothing
 */
export async function complete(
  program: Command,
  words: readonly string[],
  sources: Sources,
): Promise<Completion> {
  const { command, context, pending } = readWords(program, words.slice(0, -1));
  const current = words.at(-1) ?? '';
  const [flag = '', value] = current.startsWith('--') ? splitOnce(current) : [];
  const assigned = value === undefined ? undefined : optionOf(command, flag);
  // What comes takes the place of the whole word.
  const prefix = assigned === undefined ? '' : `${flag}=`;
  const option = pending ?? assigned;
  const { candidates, files } = await candidatesOf(command, { context, current, option, sources });
  return {
    candidates: candidates
      .map((candidate) => ({ ...candidate, value: prefix + candidate.value }))
      .filter((candidate) => candidate.value.startsWith(current)),
    files,
  };
}

interface Read {
  readonly command: Command;
  readonly context: Context;
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
}

function readWords(program: Command, words: readonly string[]): Read {
  let command = program;
  let pending: Option | undefined;
  let optionsEnded = false;
  const options = new Map<string, string>();
  const positional: string[] = [];
  for (const word of words) {
    if (pending !== undefined) {
      options.set(pending.name(), word);
      pending = undefined;
    } else if (optionsEnded || !word.startsWith('-')) {
      const next = command === program ? commandsOf(program).find((each) => each.name() === word) : undefined;
      if (next !== undefined && positional.length === 0) command = next;
      else positional.push(word);
    } else if (word === '--') optionsEnded = true;
    else {
      const [flag, value] = splitOnce(word);
      const option = optionOf(command, flag);
      if (option === undefined) continue;
      if (value !== undefined || !takesValue(option)) options.set(option.name(), value ?? '');
      else pending = option;
    }
  }
  return { command, context: { options, positional }, pending };
}

interface Wanted {
  readonly context: Context;
  readonly current: string;
  readonly option: Option | undefined;
  readonly sources: Sources;
}

async function candidatesOf(
  command: Command,
  { context, current, option, sources }: Wanted,
): Promise<Completion> {
  if (option !== undefined) return await valuesOf(option, valueName(option), { context, sources });
  if (current.startsWith('-')) {
    const visible = command.createHelp().visibleOptions(command);
    const candidates = visible.map(({ long, short, description }) => ({
      value: long ?? short ?? '',
      description,
    }));
    return { candidates, files: false };
  }
  const argument = command.registeredArguments[context.positional.length];
  if (argument !== undefined) return await valuesOf(argument, argument.name(), { context, sources });
  const candidates = commandsOf(command).map((each) => ({
    value: each.name(),
    description: each.description(),
  }));
  return context.positional.length === 0 ? { candidates, files: false } : nothing;
}

async function valuesOf(
  { argChoices }: Pick<Argument | Option, 'argChoices'>,
  name: string,
  { context, sources }: Pick<Wanted, 'context' | 'sources'>,
): Promise<Completion> {
  if (argChoices !== undefined) return { candidates: argChoices.map((value) => ({ value })), files: false };
  return (await sources[name]?.(context)) ?? nothing;
}

/** `--namespace <namespace>`: `namespace`. */
function valueName({ flags }: Option): string {
  return /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? '';
}

function optionOf(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => long === flag || short === flag);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function commandsOf(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function splitOnce(word: string): [string, string?] {
  const at = word.indexOf('=');
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
