import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OutputInfo } from 'sharp';
import { InvalidInputError } from '../../common/error.ts';
import { statInput } from './byte-source.ts';
import { describeShape } from './dataset-spec.ts';
import type { DatasetSource, ImageShape, ResizeMethod } from './dataset-spec.ts';
import { canConvertChannels, convertChannels, fitImage } from './fit-image.ts';
import { mapInOrder } from './map-in-order.ts';
import type { RecordSource, RecordValues } from './record-source.ts';

interface ImageFolderOptions {
  readonly image: ImageShape;
  readonly resize: ResizeMethod | undefined;
  /** The classes of the training folder, which number the classes of a validation or test folder. */
  readonly classNames?: readonly string[] | undefined;
}

/** A folder with one folder of PNG or JPEG images per class, or only images; 8 bits a channel. */
export async function readImageFolder(
  source: DatasetSource,
  options: ImageFolderOptions,
): Promise<RecordSource> {
  const { image } = options;
  if (!canConvertChannels(3, image.channels)) {
    throw new InvalidInputError(
      'data/image-shape',
      `The teacher takes ${image.channels} channels; images have 3 or 1.`,
      {
        where: source.path,
        hint: 'Give such data as NPZ or NPY arrays.',
      },
    );
  }
  const { files, labels, classNames } = await listImages(source.path, options.classNames);
  return {
    where: source.path,
    count: files.length,
    image,
    dtype: 'uint8',
    classes: classNames?.length,
    classNames,
    files,
    labels: () => Promise.resolve(labels),
    records: (rows, signal) => decodeImages(files, { ...options, rows, signal }),
  };
}

interface ImageList {
  readonly files: readonly string[];
  readonly labels: Int32Array | undefined;
  readonly classNames: readonly string[] | undefined;
}

async function listImages(folder: string, knownClasses: readonly string[] | undefined): Promise<ImageList> {
  if (!(await statInput(folder)).isFolder) {
    throw new InvalidInputError('data/not-a-folder', 'An ImageFolder data set is a folder.', {
      where: folder,
      hint: 'Name a folder that has one folder of images per class.',
    });
  }
  const { folders, images } = await readFolder(folder);
  if (folders.length > 0 && images.length > 0) {
    throw new InvalidInputError(
      'data/mixed-folder',
      `The folder has both class folders and images (${images[0]}).`,
      {
        where: folder,
        hint: 'Move each image into the folder of its class, or remove the folders if there are no labels.',
      },
    );
  }
  if (folders.length === 0) {
    if (images.length === 0) throw emptyFolder(folder);
    return { files: images.map((name) => join(folder, name)), labels: undefined, classNames: undefined };
  }
  return await listClasses(folder, folders, knownClasses);
}

async function listClasses(
  folder: string,
  names: readonly string[],
  knownClasses: readonly string[] | undefined,
): Promise<ImageList> {
  const classNames = knownClasses ?? names;
  const files: string[] = [];
  const labels: number[] = [];
  for (const name of names) {
    const label = classNames.indexOf(name);
    if (label < 0) {
      throw new InvalidInputError('data/class-names', `The training data has no class "${name}".`, {
        where: join(folder, name),
        hint: 'The class folders of validation and test data must be among those of the training data.',
      });
    }
    const found = await findImages(join(folder, name));
    if (found.length === 0) throw emptyFolder(join(folder, name));
    for (const file of found) {
      files.push(file);
      labels.push(label);
    }
  }
  return { files, labels: Int32Array.from(labels), classNames };
}

const maximumDepth = 8;

async function findImages(folder: string, depth = 0): Promise<string[]> {
  if (depth > maximumDepth) {
    throw new InvalidInputError('data/folder-depth', `Folders are nested more than ${maximumDepth} deep.`, {
      where: folder,
      hint: 'Look for a link that points to a folder above itself.',
    });
  }
  const { folders, images } = await readFolder(folder);
  const found = images.map((name) => join(folder, name));
  for (const name of folders) found.push(...(await findImages(join(folder, name), depth + 1)));
  return found;
}

/** Names sorted by code unit, the same on every machine; hidden files and other types of file are passed over. */
async function readFolder(folder: string): Promise<{ folders: string[]; images: string[] }> {
  const folders: string[] = [];
  const images: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const isFolder = entry.isSymbolicLink()
      ? (await stat(join(folder, entry.name))).isDirectory()
      : entry.isDirectory();
    if (isFolder) folders.push(entry.name);
    else if (/\.(png|jpe?g)$/i.test(entry.name)) images.push(entry.name);
  }
  return { folders: folders.sort(), images: images.sort() };
}

function emptyFolder(folder: string): InvalidInputError {
  return new InvalidInputError('data/empty', 'The folder has no PNG or JPEG images.', {
    where: folder,
    hint: 'Put images there, or remove the folder if it is not a class.',
  });
}

interface DecodeOptions extends ImageFolderOptions {
  readonly rows: Int32Array;
  readonly signal: AbortSignal | undefined;
}

/** As many as the thread pool decodes at once, and as many again waiting, so that no thread idles. */
const decodedAtOnce = 8;

function decodeImages(
  files: readonly string[],
  { rows, signal, image, resize }: DecodeOptions,
): AsyncIterable<RecordValues> {
  return mapInOrder(rows, decodedAtOnce, async (row) => {
    signal?.throwIfAborted();
    return await decodeImage(files[row]!, image, resize);
  });
}

async function decodeImage(
  file: string,
  to: ImageShape,
  resize: ResizeMethod | undefined,
): Promise<RecordValues> {
  const { data, info } = await decodeFile(file);
  const from = { height: info.height, width: info.width, channels: 3 };
  if (resize !== undefined) return fitImage(data, { from, to, resize });
  if (from.height !== to.height || from.width !== to.width) {
    throw new InvalidInputError(
      'data/image-shape',
      `The image is ${from.height}x${from.width}; the teacher takes ${describeShape(to)}.`,
      {
        where: file,
        hint: 'Set spec.dataset.preprocessing.resize (Bilinear or Nearest), or scale the images beforehand.',
      },
    );
  }
  return convertChannels(data, 3, to.channels);
}

/**
 * An image of 800 kB can have all pixels that the format allows, and eight are decoded at once: 8000 x 8000 pixels take 192 MB.
 */
const mostPixels = 64_000_000;

/** 8-bit RGB as TensorFlow decodes it: colour profiles, orientation tags and transparency are passed over. */
async function decodeFile(file: string): Promise<{ data: Buffer; info: OutputInfo }> {
  // Only whoever has pictures to decode loads the library: no other worker, and none before it listens for signals.
  const { default: sharp } = await import('sharp');
  try {
    return await sharp(file, { ignoreIcc: true, failOn: 'error', limitInputPixels: mostPixels })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
  } catch (error) {
    if (error instanceof Error && error.message.includes('exceeds pixel limit')) {
      throw new InvalidInputError('data/image-size', `The image has more than ${mostPixels} pixels.`, {
        where: file,
        hint: 'Scale it down beforehand, or remove the file.',
        cause: error,
      });
    }
    throw new InvalidInputError('data/corrupt-image', 'The image cannot be decoded.', {
      where: file,
      hint: 'Replace or remove the file.',
      cause: error,
    });
  }
}
