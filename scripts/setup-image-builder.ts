/** Installs what tests build images with, and makes their base image, once a machine. */
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { isThere } from './cluster/kubernetes.ts';
import { baseArchive, missingPrograms } from './images/image-builder.ts';
import { installBuilder, makeBase } from './images/make-base.ts';
import { runSetUp } from './run-set-up.ts';
import { explainFileError } from './tensorflow/file-error.ts';

const help = `Usage: node scripts/setup-image-builder.ts [--for-tests]

  --for-tests  where this machine can't build images, say so and succeed: the tests that build them are then skipped.
               With BLOCKSTILL_SKIP_NOTHING it is an error all the same.

Environment:
  BLOCKSTILL_CACHE  where the base image is kept (default: XDG_CACHE_HOME/blockstill or ~/.cache/blockstill)
`;

async function setUp(options: BuildOptions): Promise<void> {
  if ((await missingPrograms()).length > 0) await installBuilder(options);
  if (!(await isThere(baseArchive()))) {
    try {
      await makeBase(options);
    } catch (error) {
      throw explainFileError(error, cacheFolder(), { name: 'a base image', room: '300 MB there' });
    }
  }
  options.output.write('Ready: buildah and a base image for the tests.\n');
}

process.exitCode = await runSetUp({ help, what: 'images', setUp });
