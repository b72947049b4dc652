/** The file formats that training data can have. */
export type DatasetFormat = 'NPZ' | 'NPY' | 'IDX' | 'CIFAR10' | 'CIFAR100' | 'ImageFolder';

/** Which part of the data something is for. */
export type SplitName = 'train' | 'validation' | 'test';

/** The size of one image, `[height, width, channels]`. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * How an image of another size is brought to the teacher's input size, without keeping its aspect ratio.
 *
 * `Bilinear` is `tf.image.resize` (half-pixel centres, no antialiasing), which Keras's
 * `image_dataset_from_directory` uses; `Nearest` is what `flow_from_directory` uses.
 */
export type ResizeMethod = 'Bilinear' | 'Nearest';

/**
 * Where records come from. `path` is already local; what it may be depends on the format:
 *
 * - `NPZ`: an `.npz` file. The arrays are `images` and `labels` if given; else, for the part `train`, the first that
 *   is there of `x_train`, `train_images`, `x`, `images`, and of `y_train`, `train_labels`, `y`, `labels`; so too for
 *   `validation` (`x_val`, `x_valid`, `x_validation`, `val_images`, ...) and `test`. One file may serve all parts.
 * - `NPY`: an `.npy` file of images; labels in the `.npy` file `labelsPath`.
 * - `IDX`: an images file (labels in `labelsPath`), or a folder with the standard MNIST names (`train-images-idx3-ubyte`
 *   for `train`, `t10k-images-idx3-ubyte` for `test`, and their labels). Names that end in `.gz` are decompressed.
 * - `CIFAR10`, `CIFAR100`: one binary file, or the extracted folder, from which `train` takes `data_batch_*.bin`
 *   (`train.bin`) and `test` takes `test_batch.bin` (`test.bin`). CIFAR-100 uses the fine labels.
 * - `ImageFolder`: a folder with one folder per class (classes sorted by name), PNG and JPEG files at any depth in it;
 *   or, without labels, a folder with only images.
 *
 * Arrays of images are `[count, height, width, channels]` or `[count, height, width]`. Labels are optional everywhere:
 * integers `[count]` or `[count, 1]`, or one-hot `[count, classes]`.
 */
export interface DatasetSource {
  /** A local file or folder. */
  readonly path: string;
  /** 64 hex digits, checked before reading; files only. */
  readonly sha256?: string | undefined;
  /** `NPY` and `IDX`: the file of labels. */
  readonly labelsPath?: string | undefined;
  readonly labelsSha256?: string | undefined;
  /** `NPZ`: the name of the array of images, without `.npy`. */
  readonly images?: string | undefined;
  /** `NPZ`: the name of the array of labels, without `.npy`. */
  readonly labels?: string | undefined;
}

/** A part split off from the training data: its share of all training records, in (0, 1). */
export interface SplitFraction {
  readonly fraction: number;
}

/**
 * How stored values become the teacher's input: `(value * rescale - mean) / std` in float32, then the channel order.
 * Sources hold RGB; `mean` and `std` are in RGB order too, whatever `channelOrder` is.
 */
export interface Preprocessing {
  /** Given: images of another size, or with 1 instead of 3 channels or the reverse, are converted; else an error. */
  readonly resize?: ResizeMethod | undefined;
  /** The channel order that the teacher was trained with. */
  readonly channelOrder: 'RGB' | 'BGR';
  readonly rescale: number;
  /** One value, one per channel, or empty for 0. */
  readonly mean: readonly number[];
  /** One value, one per channel, or empty for 1. */
  readonly std: readonly number[];
}

/** Random changes of training images; 0 and false switch one off. Drawn per image, replayable from the seed. */
export interface Augmentation {
  readonly horizontalFlip: boolean;
  /** Pixels: pad with zeros by so much on each side and crop back at a random place. */
  readonly shiftCrop: number;
  /** Degrees: rotate about the centre by a uniform angle in [-rotation, rotation]; zeros outside, bilinear. */
  readonly rotation: number;
  /** Add a uniform share in [-brightness, brightness] of the full scale (255 for 8-bit records, 1 for float32). */
  readonly brightness: number;
  /** Scale differences from the channel's mean by a uniform factor in [1 - contrast, 1 + contrast]. */
  readonly contrast: number;
  /** Scale differences from the pixel's luma by a uniform factor in [1 - saturation, 1 + saturation]; RGB only. */
  readonly saturation: number;
  /** Epoch e draws with pass `e mod passes`; 0: fresh for every epoch. */
  readonly passes: number;
}

/** What the worker is told about the data; every default is filled in, every URI resolved. */
export interface DatasetSpec {
  readonly format: DatasetFormat;
  readonly train: DatasetSource;
  /** Default: a tenth of the training data. */
  readonly validation?: DatasetSource | SplitFraction | undefined;
  /** Absent: figures on test data stay unknown. */
  readonly test?: DatasetSource | SplitFraction | undefined;
  readonly preprocessing: Preprocessing;
  readonly augmentation: Augmentation;
}

/** What the teacher takes and answers. */
export interface ExpectedData extends ImageShape {
  /** The number of classes; undefined for a teacher that does not classify, whose data's labels are not read. */
  readonly classes: number | undefined;
}

/** The share of the training data that becomes validation data when the manifest says nothing. */
export const defaultValidationFraction = 0.1;

export function describeShape({ height, width, channels }: ImageShape): string {
  return `${height}x${width}x${channels}`;
}

export function sizeOfImage({ height, width, channels }: ImageShape): number {
  return height * width * channels;
}
