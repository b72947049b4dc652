import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { isThere } from '../../scripts/cluster/kubernetes.ts';
import { programFolder } from './programs.ts';

/**
 * What kubectl prints.
 *
 * @param input - what it reads from standard input, for `-f -`
 * @throws Error with what it says when it fails
 */
export async function kubectl(
  kubeconfig: string,
  commandArguments: readonly string[],
  input = '',
): Promise<string> {
  const own = join(await programFolder(), 'kubectl');
  // Where a developer names a cluster, nothing was built.
  const program = (await isThere(own)) ? own : 'kubectl';
  return await new Promise((resolve, reject) => {
    const child = execFile(
      program,
      ['--kubeconfig', kubeconfig, ...commandArguments],
      { maxBuffer: 64 * 1024 ** 2 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`kubectl ${commandArguments.join(' ')}: ${stderr}`, { cause: error }));
      },
    );
    child.stdin?.end(input);
  });
}
