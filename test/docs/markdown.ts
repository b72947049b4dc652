import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  /** Of the file, from the root of the project. */
  readonly page: string;
  /** Of the fence that opens it, from 1. */
  readonly line: number;
  /** Empty: none is said. */
  readonly language: string;
  readonly text: string;
}

/** The pages of the documentation: what users read, from the root of the project. */
export async function pages(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
    cwd: root,
  });
  return stdout
    .trim()
    .split('\n')
    .filter((path) => !path.startsWith('test/'));
}

/** Every fenced block of a page, with the indentation of its fence taken away. */
export async function blocksOf(page: string): Promise<readonly Block[]> {
  const lines = (await readFile(join(root, page), 'utf8')).split('\n');
  const blocks: Block[] = [];
  let open: { line: number; indentation: number; language: string; lines: string[] } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^(?<indentation> *)```(?<language>\S*)/.exec(line)?.groups;
    if (fence === undefined) {
      open?.lines.push(line.slice(open.indentation));
    } else if (open === undefined) {
      const { indentation = '', language = '' } = fence;
      open = { line: index + 1, indentation: indentation.length, language, lines: [] };
    } else {
      blocks.push({ page, line: open.line, language: open.language, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  return blocks;
}
