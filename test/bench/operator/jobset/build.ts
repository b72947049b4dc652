import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlockstillError } from '../../../../common/error.ts';
import { digestOfBytes } from '../../../../common/digest.ts';
import { cacheFolder } from '../../../../scripts/cache-folder.ts';
import { findGo } from '../../../../scripts/cluster/go.ts';
import { isThere } from '../../../../scripts/cluster/kubernetes.ts';
import { lastLines, runCommand } from '../../../../scripts/tensorflow/command.ts';

const module = dirname(fileURLToPath(import.meta.url));
const packageName = 'sigs.k8s.io/jobset';

export interface JobSet {
  /** The path of its controller manager. */
  readonly program: string;
  /** The paths of its custom resource definitions. */
  readonly definitions: readonly string[];
}

/**
 * JobSet out of its Go module, built once a machine (three minutes on one core) into the cache.
 *
 * @throws BlockstillError `setup/missing-tools`, `setup/compiler-failed`
 */
export async function buildJobSet(): Promise<JobSet> {
  const go = await findGo();
  const run = async (...words: string[]): Promise<string> => {
    const environment = { CGO_ENABLED: '0', GOWORK: 'off' };
    const result = await runCommand(go, ['-C', module, ...words], { environment });
    if (result.code === 0) return result.stdout.trim();
    throw new BlockstillError('setup/compiler-failed', 'Go could not build JobSet.', {
      hint: `It said:\n${lastLines(result.stderr)}`,
    });
  };
  await run('mod', 'download', packageName);
  const digest = digestOfBytes(await readFile(join(module, 'go.sum'))).slice('sha256:'.length, 23);
  const folder = join(cacheFolder(), `jobset-${digest}-${process.arch}`);
  const program = join(folder, 'jobset');
  if (!(await isThere(program))) {
    await mkdir(folder, { recursive: true });
    const partial = `${program}.${process.pid}`;
    await run('build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', partial, packageName);
    await rename(partial, program);
  }
  const bases = join(await run('list', '-m', '-f', '{{.Dir}}', packageName), 'config/components/crd/bases');
  return { program, definitions: (await readdir(bases)).map((name) => join(bases, name)) };
}
