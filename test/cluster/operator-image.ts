import { layOutOperator, operatorFiles, operatorImageConfig } from '../../scripts/lay-out-operator.ts';
import { buildImage, type BuiltImage } from './built-image.ts';

/** The operator's image, with the command line: about 130 MB, of which Node has 120. */
export async function writeOperatorImage(): Promise<BuiltImage> {
  return await buildImage({
    name: 'operator',
    config: operatorImageConfig,
    files: operatorFiles,
    layOut: layOutOperator,
  });
}
