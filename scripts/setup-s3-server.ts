/** Builds an S3 server for the tests, once a machine, and says where it is. */
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { isThere } from './cluster/kubernetes.ts';
import { runSetUp } from './run-set-up.ts';
import { buildS3Server } from './s3/build-s3-server.ts';
import { s3ServerProgram, s3ServerVersion } from './s3/s3-server.ts';
import { explainFileError } from './tensorflow/file-error.ts';

const help = `Usage: node scripts/setup-s3-server.ts [--for-tests]

  --for-tests  where this machine lacks something that the build needs, say so and succeed: the tests that need an S3
               server are then skipped. With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the build is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  const program = await s3ServerProgram();
  if (!(await isThere(program))) {
    try {
      await buildS3Server(program, options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'the S3 server', room: '30 MB there' });
    }
  }
  options.output.write(`Ready: the Versity S3 gateway ${await s3ServerVersion()} for the tests.\n`);
}

process.exitCode = await runSetUp({ help, what: 'an S3 server', setUp });
