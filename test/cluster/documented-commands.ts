import { readFile } from 'node:fs/promises';

export interface DocumentedCommands {
  /**
   * The command that begins like this, on one line.
   *
   * @throws Error when there is none, or more than one
   */
  take(beginning: string): string;
  /** Those that were never taken. */
  unused(): readonly string[];
}

/** The commands in the code blocks of a page of the documentation. */
export async function documentedCommands(path: string): Promise<DocumentedCommands> {
  const text = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  const commands = commandsIn(text);
  const taken = new Set<string>();
  return {
    take: (beginning) => {
      const [first, ...others] = commands.filter((command) => command.startsWith(beginning));
      if (first === undefined || others.length > 0)
        throw new Error(
          `${path} has ${others.length + (first === undefined ? 0 : 1)} commands "${beginning}".`,
        );
      taken.add(first);
      return first;
    },
    unused: () => commands.filter((command) => !taken.has(command)),
  };
}

function commandsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks
    .flatMap((block) => block.replaceAll(/ *\\\n */g, ' ').split('\n'))
    .filter((line) => line !== '');
}
