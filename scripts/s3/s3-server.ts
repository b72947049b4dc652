import { dirname, join } from 'node:path';
import { requiredVersion, type GoModule } from '../cluster/go-module.ts';
import { goToolFolder, withoutSymbols, type GoTool } from '../go-tool.ts';

const root = dirname(dirname(import.meta.dirname));

const module: GoModule = {
  folder: join(root, 'test', 's3', 'server'),
  name: 'the S3 server',
  otherwise: 'do without the tests on S3',
};

/** The S3 server of the tests. */
export const s3Server: GoTool = {
  module,
  cacheName: 's3-server',
  programs: { 's3-server': '.' },
  title: async () =>
    `the Versity S3 gateway ${await requiredVersion(module.folder, 'github.com/versity/versitygw')}`,
  linkerOptions: async () => withoutSymbols,
  cost: { time: 'about a minute on two cores', build: '1 GB', result: '30 MB' },
};

/** The server built from the module as it is now, in the cache; it may not be there yet. */
export async function s3ServerProgram(): Promise<string> {
  return join(await goToolFolder(s3Server), 's3-server');
}
