import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { requiredVersion, sourcesOf, type GoModule } from '../cluster/go-module.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module out of which the S3 server for tests is built. */
export const s3ServerModule: GoModule = {
  folder: join(root, 'test', 's3', 'server'),
  name: 'the S3 server',
  otherwise: 'do without the tests on S3',
};

/** Without symbols: a quarter smaller. */
export const s3LinkerOptions = '-s -w';

/** The version of the Versity S3 gateway, such as `v1.8.0`. */
export async function s3ServerVersion(): Promise<string> {
  return requiredVersion(s3ServerModule.folder, 'github.com/versity/versitygw');
}

/** The server built from the module as it is now, in the cache; it may not be there yet. */
export async function s3ServerProgram(): Promise<string> {
  const sources = await sourcesOf(s3ServerModule.folder);
  const digest = digestOfJson({ sources, linker: s3LinkerOptions, processor: process.arch });
  return join(
    cacheFolder(),
    `s3-server-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`,
    's3-server',
  );
}
