import { lastLines, runCommand } from '../tensorflow/command.ts';

/**
 * The shared libraries of this machine that programs and libraries need, with the loader, by their paths.
 *
 * @param outside only libraries that do not lie in these folders: those in them come along with their packages
 * @see ldd(1)
 */
export async function sharedLibraries(
  files: readonly string[],
  { outside }: { outside: readonly string[] },
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const file of files) {
    const { code, stdout, stderr } = await runCommand('ldd', [file]);
    if (code !== 0) throw new Error(`ldd ${file}: ${lastLines(stderr || stdout)}`);
    for (const path of librariesIn(stdout)) {
      if (!outside.some((folder) => path.startsWith(`${folder}/`))) found.add(path);
    }
  }
  return [...found].sort();
}

/**
 * What ldd has found: `name => /path (0x...)`, and the loader as `/path (0x...)`.
 *
 * @throws Error for a library that was not found
 */
export function librariesIn(text: string): readonly string[] {
  const missing = /^\s*(\S+) => not found$/m.exec(text);
  if (missing !== null) throw new Error(`The library ${missing[1]} was not found.`);
  return text.split('\n').flatMap((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? []);
}
