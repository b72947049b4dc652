import { basename, dirname, join } from 'node:path';
import { findGo } from '../cluster/go.ts';
import { compile, downloadModules, makeFolder, type BuildOptions } from '../cluster/go-build.ts';
import { s3LinkerOptions, s3ServerModule, s3ServerVersion } from './s3-server.ts';

/** Builds the S3 server for tests; its folder is whole or absent. */
export async function buildS3Server(program: string, options: BuildOptions): Promise<void> {
  const go = await findGo(s3ServerModule);
  const version = await s3ServerVersion();
  await makeFolder(dirname(program), basename(program), async (partial) => {
    options.output.write(
      `Waiting for the build of an S3 server (Versity S3 gateway ${version}) from source, for the tests (about a ` +
        'minute on two cores, once a machine) ...\n',
    );
    await downloadModules(go, s3ServerModule, options);
    const to = join(partial, basename(program));
    const built = { package: '.', to, linkerOptions: s3LinkerOptions };
    await compile(go, { module: s3ServerModule, program: built, room: '1 GB of disk' }, options);
  });
}
