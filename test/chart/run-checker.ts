import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { checkersFolder, type Checker } from '../../scripts/checkers/checkers.ts';

/**
 * What a checker prints of manifests on its standard input: findings are no error.
 *
 * @throws Error with what it says when it prints nothing
 */
export async function runChecker(
  checker: Checker,
  checkerArguments: readonly string[],
  manifests: string,
): Promise<string> {
  const program = join(await checkersFolder(), checker);
  return await new Promise((resolve, reject) => {
    const options = { maxBuffer: 64 * 1024 ** 2 };
    const child = execFile(program, checkerArguments, options, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(`${checker} says nothing but: ${stderr}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end(manifests);
  });
}
