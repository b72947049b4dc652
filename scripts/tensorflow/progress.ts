import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const megabyte = 1e6;

/** Where set-up tells what it does. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
}

/**
 * Shows how far a folder has grown towards `expectedBytes`: one line that is rewritten on a terminal, a line each
 * quarter elsewhere. For programs that write to files and report no progress of their own.
 */
export async function showGrowth<Result>(
  folder: string,
  expectedBytes: number,
  options: { output: Output; work: () => Promise<Result> },
): Promise<Result> {
  const { output, work } = options;
  const report = growthReporter(expectedBytes, output);
  const timer = setInterval(() => {
    void folderBytes(folder).then(report);
  }, 500);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (output.isTerminal) output.write('\r\u001B[K');
  }
}

/** A function that is told the bytes so far and writes what is worth showing. */
export function growthReporter(expectedBytes: number, output: Output): (bytes: number) => void {
  let shownQuarter = 0;
  return (bytes) => {
    const share = Math.min(bytes / expectedBytes, 1);
    const line = `  ${megabytes(Math.min(bytes, expectedBytes))} of ${megabytes(expectedBytes)} MB`;
    if (output.isTerminal) {
      output.write(`\r${line}`);
      return;
    }
    const quarter = Math.floor(share * 4);
    if (quarter > shownQuarter && quarter < 4) output.write(`${line}\n`);
    shownQuarter = Math.max(shownQuarter, quarter);
  };
}

export function megabytes(bytes: number): number {
  return Math.round(bytes / megabyte);
}

async function folderBytes(folder: string): Promise<number> {
  try {
    const names = await readdir(folder, { recursive: true });
    const sizes = await Promise.all(names.map(async (name) => await fileBytes(join(folder, name))));
    return sizes.reduce((total, size) => total + size, 0);
  } catch {
    return 0;
  }
}

async function fileBytes(path: string): Promise<number> {
  try {
    const facts = await stat(path);
    return facts.isFile() ? facts.size : 0;
  } catch {
    return 0; // Gone between listing and asking: a temporary file.
  }
}
