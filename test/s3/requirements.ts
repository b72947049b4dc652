import { isThere } from '../../scripts/cluster/kubernetes.ts';
import { s3ServerProgram } from '../../scripts/s3/s3-server.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';

/** The name under which the tests on S3 are skipped. */
export const s3Suite = 'The suite on an S3 server';

/** Why the tests on a real S3 server can't run on this machine; undefined when they can. */
export async function whyNoS3Server(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux';
  const program = await s3ServerProgram();
  if (!(await isThere(program))) return `there is no ${program}; node scripts/setup-s3-server.ts builds it`;
  for (const tool of ['openssl', 'setpriv']) {
    if ((await runCommand(tool, ['--help'])).missing) return `this machine has no ${tool}`;
  }
  return undefined;
}
