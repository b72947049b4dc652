import { layOutWorker, workerFiles, workerImageConfig } from '../../scripts/lay-out-worker.ts';
import { buildImage, type BuiltImage } from './built-image.ts';

/** The worker's image: about 930 MB, of which TensorFlow has 780. */
export async function writeWorkerImage(): Promise<BuiltImage> {
  return await buildImage({
    name: 'worker',
    config: workerImageConfig,
    files: workerFiles,
    layOut: layOutWorker,
  });
}
