import * as z from 'zod';
import { withRules } from '../with-rules.ts';
import { atomicList, decimal, integer, sha256, text, uri } from './fields.ts';

const arrayNames = {
  images: text(128)
    .optional()
    .describe(
      'NPZ only: the name of the array that holds the images. Without it, one of the usual names of the split: x_train, train_images, x, images; x_val, ...; x_test, ....',
    ),
  labels: text(128)
    .optional()
    .describe(
      'NPZ only: the name of the array that holds the labels. Without it, one of the usual names of the split: y_train, train_labels, y, labels; y_val, ...; y_test, ....',
    ),
};

const location = {
  labelsUri: uri()
    .optional()
    .describe(
      'NPY and IDX only: the file that holds the labels, class numbers from 0. Without it the data has no labels. Example: file:///data/train-labels-idx1-ubyte.',
    ),
  sha256: sha256()
    .optional()
    .describe(
      'SHA-256 of the file at uri (not for folders), 64 hexadecimal digits. Required for https, where nothing else says that the content is the same as last time; checked whenever it is given.',
    ),
  labelsSha256: sha256()
    .optional()
    .describe('SHA-256 of the file at labelsUri, 64 hexadecimal digits. Required when labelsUri is https.'),
  ...arrayNames,
};

const uriDescription =
  'The file or folder with the samples: file:///... on a mounted volume, s3://bucket/key, or https://... together with sha256; in a local run also a path relative to the manifest. ';

const train = withRules(
  'spec.dataset.train',
  z.strictObject({
    uri: uri().describe(
      `${uriDescription}IDX, CIFAR10, CIFAR100: a file, or the extracted folder with its usual names; ImageFolder: a folder; one NPZ file may serve all splits. Example: file:///data/cifar-10/train.`,
    ),
    ...location,
  }),
);

function heldOut(path: string, split: string) {
  return withRules(
    path,
    z.strictObject({
      uri: uri().optional().describe(`${uriDescription}Exclusive with fraction.`),
      fraction: z
        .number()
        .gt(0)
        .lt(1)
        .optional()
        .describe(
          `The share of the training samples, between 0 and 1, that is taken out of training and becomes the ${split} split; drawn by execution.seed, with the same share of each class. Exclusive with uri.`,
        ),
      ...location,
    }),
  );
}

const image = z.strictObject({
  height: integer(1, 8192).describe('Height in pixels.'),
  width: integer(1, 8192).describe('Width in pixels.'),
  channels: integer(1, 16).describe('Channels: 1 for grey, 3 for colour.'),
});

const preprocessing = withRules(
  'spec.dataset.preprocessing',
  z.strictObject({
    image: image
      .optional()
      .describe(
        "The shape that the network is given. Without it, the teacher's input shape; required where the teacher's input is of any size.",
      ),
    resize: z
      .enum(['None', 'Nearest', 'Bilinear'])
      .default('None')
      .describe(
        'How images of another size, or with 1 instead of 3 channels or the reverse, are brought to the shape of the network; the aspect ratio is not kept. None: another shape is an error. Bilinear: as tf.image.resize. Nearest: the nearest pixel, as Keras flow_from_directory.',
      ),
    channelOrder: z
      .enum(['RGB', 'BGR'])
      .default('RGB')
      .describe(
        'The order of colour channels that the teacher expects. Stored images are RGB; BGR swaps them (Keras VGG and ResNet v1 with ImageNet weights).',
      ),
    rescale: z
      .number()
      .gt(0)
      .max(1e6)
      .default(1)
      .describe(
        'Each stored value is multiplied by this first. 0.00392156862745098 (1/255) brings bytes to 0..1; 1 leaves them as they are.',
      ),
    mean: atomicList(decimal(-1e6, 1e6), 16)
      .default([])
      .describe(
        'Subtracted after rescale: one number for all channels or one for each in the order RGB, whatever channelOrder is. Empty: nothing is subtracted. Example: [0.485, 0.456, 0.406].',
      ),
    std: atomicList(z.number().gt(0).max(1e6), 16)
      .default([])
      .describe(
        'Divided by after mean was subtracted: one number for all channels or one for each in the order RGB, whatever channelOrder is. Empty: no division. Example: [0.229, 0.224, 0.225].',
      ),
  }),
);

const augmentation = z.strictObject({
  horizontalFlip: z.boolean().default(false).describe('Mirror half of the training images left to right.'),
  shiftCrop: integer(0, 256)
    .default(0)
    .describe(
      'Shift training images by up to this many pixels in each direction, filled with zeros (pad and crop). 4 is usual for CIFAR.',
    ),
  rotation: decimal(0, 180)
    .default(0)
    .describe('Rotate training images by up to this many degrees either way.'),
  brightness: decimal(0, 1)
    .default(0)
    .describe('Change brightness by up to this share of the value range, either way. Example: 0.2.'),
  contrast: decimal(0, 1)
    .default(0)
    .describe('Change contrast by a factor of 1 plus or minus up to this. Example: 0.2.'),
  saturation: decimal(0, 1)
    .default(0)
    .describe('Change saturation of colour images by a factor of 1 plus or minus up to this. Example: 0.2.'),
  passes: integer(0, 100)
    .default(0)
    .describe(
      "How many differently augmented passes over the training data there are before they repeat. 0: every epoch is fresh, so the teacher runs anew each epoch. K: epoch e uses pass e mod K, so that the teacher's activations of K passes can be kept (K times the room) and the rest costs no teacher time.",
    ),
});

export const dataset = withRules(
  'spec.dataset',
  z.strictObject({
    format: z
      .enum(['NPZ', 'NPY', 'IDX', 'CIFAR10', 'CIFAR100', 'ImageFolder'])
      .describe(
        'How the samples are stored. NPZ, NPY: NumPy arrays [samples, height, width, channels]. IDX: the MNIST format, .gz or not. CIFAR10, CIFAR100: the binary version. ImageFolder: a folder with one folder of PNG or JPEG files per class.',
      ),
    train: train.describe('The samples that the replacements and the student are trained on.'),
    validation: heldOut('spec.dataset.validation', 'validation')
      .default({ fraction: 0.1 })
      .describe(
        'The samples that every choice is made on: best weights, scores, early stopping, which student is kept. Default: a tenth of the training samples.',
      ),
    test: heldOut('spec.dataset.test', 'test')
      .optional()
      .describe(
        'The samples that nothing is chosen on and the final figures are measured on. Without them, test figures are unknown.',
      ),
    preprocessing: preprocessing
      .prefault({})
      .describe(
        'What is done to a stored sample before the network sees it. It must be what the teacher was trained with.',
      ),
    augmentation: augmentation
      .prefault({})
      .describe(
        'Random changes to training images, never to validation or test images; all of them follow from execution.seed.',
      ),
  }),
);

export type Source = z.output<typeof train>;
export type HeldOut = z.output<ReturnType<typeof heldOut>>;
export type Preprocessing = z.output<typeof preprocessing>;
export type Dataset = z.output<typeof dataset>;
export type Augmentation = z.output<typeof augmentation>;
