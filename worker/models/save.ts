import { join } from 'node:path';
import { digestOfBytes, type Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { writeFileAtomically } from '../../common/files.ts';
import { modelDigest } from '../../common/model-files.ts';
import type { Network, WeightTensor } from './network.ts';
import { tfjsLayers } from './tfjs-layers.ts';

const weightsFile = 'weights.bin';

/** What {@link saveNetwork} writes. */
export const modelFileNames = ['model.json', weightsFile] as const;

/**
 * Writes a network as a TensorFlow.js LayersModel that plain `tf.loadLayersModel` reads: `weights.bin`, then
 * `model.json`, each atomically. Equal networks give equal bytes.
 *
 * Throws `model/not-writable` for a layer that TensorFlow.js would compute differently.
 */
export async function saveNetwork(network: Network, folder: string): Promise<Digest> {
  const layers = tfjsLayers(network);
  const weights = layers.flatMap((layer) => [...layer.weights]);
  const bytes = Buffer.concat(weights.map(([, { values }]) => littleEndian(values)));
  const json = `${JSON.stringify({
    format: 'layers-model',
    generatedBy: 'Blockstill',
    convertedBy: null,
    modelTopology: {
      class_name: 'Model',
      config: {
        name: network.name,
        layers: layers.map(({ className, name, config, inputs }) => ({
          class_name: className,
          name,
          config: { name, trainable: true, ...config },
          inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
        })),
        input_layers: [[network.input, 0, 0]],
        output_layers: [[network.output, 0, 0]],
      },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [
      {
        paths: [weightsFile],
        weights: weights.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  })}\n`;
  await writeFileAtomically(join(folder, weightsFile), bytes);
  await writeFileAtomically(join(folder, 'model.json'), json);
  return modelDigest(
    new Map([
      ['model.json', digestOfBytes(json)],
      [weightsFile, digestOfBytes(bytes)],
    ]),
  );
}

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(values: WeightTensor['values']): Uint8Array {
  if (!hostIsLittleEndian) {
    throw new BlockstillError('model/big-endian', 'Models can be written on little-endian machines only.');
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
