import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Digest } from './digest.ts';
import { InvalidInputError } from './error.ts';
import { claimFile, markerFile, parseMarker, whereIs, type OutputMarker } from './output-marker.ts';
import { FolderPlace } from './output/folder-place.ts';
import type { OutputPlace } from './output/output-place.ts';
import { S3Place } from './output/s3-place.ts';
import { openObjectStore, type S3Settings } from './s3/open-object-store.ts';
import { isS3Uri, parseS3Uri } from './s3/s3-location.ts';

interface Location {
  readonly uri?: string | undefined;
  readonly labelsUri?: string | undefined;
  readonly fraction?: number | undefined;
}

/** A job as far as its output folder is concerned; a unit spec is one. */
export interface OutputRequest {
  readonly job: OutputMarker['job'];
  readonly spec: {
    readonly output: { readonly uri: string };
    /** How to reach an output on S3. */
    readonly storage: { readonly s3: S3Settings };
    readonly teacher: { readonly uri: string };
    readonly dataset: {
      readonly train: Location;
      readonly validation: Location;
      readonly test?: Location | undefined;
    };
  };
  /** The exchange folder of the job, a path or a URI; without it, jobs are told apart by namespace and name alone. */
  readonly exchange?: string | undefined;
}

export interface Student {
  /** Where its files lie, under the base names of their paths. */
  readonly folder: string;
  readonly artifacts: readonly { readonly path: string; readonly bytes: number }[];
  readonly digest: Digest;
}

/**
 * Checks that the student may be and can be written to `spec.output.uri`, and leaves no trace there.
 *
 * @throws InvalidInputError `storage/output-taken` when something else lies there, or teacher or data would be written
 *   over; `storage/not-writable`; `storage/unsupported-uri`; for S3 what `asS3Error` tells
 */
export async function checkOutput(request: OutputRequest): Promise<void> {
  using place = await openPlace(request);
  await refuseInputs(place, request.spec);
  await refuseTaken(place, request);
  await place.checkWritable();
}

/**
 * Copies the student to `spec.output.uri` and returns the URI. May be broken off anywhere and done again.
 *
 * @throws InvalidInputError as {@link checkOutput} does
 */
export async function publish(
  request: OutputRequest & { readonly exchange: string },
  student: Student,
): Promise<string> {
  const { job, spec, exchange } = request;
  using place = await openPlace(request);
  await refuseInputs(place, spec);
  await refuseTaken(place, request);
  const origin = await place.originOf(exchange);
  const marker = textOf({ job, origin, digest: student.digest });
  await claim(place, request, marker);
  await place.remove(markerFile);
  for (const { path } of student.artifacts.toReversed()) {
    await place.copy(basename(path), join(student.folder, basename(path)));
  }
  await place.write(markerFile, marker);
  await place.remove(claimFile);
  return spec.output.uri;
}

/**
 * Whether this student, whole, lies in `spec.output.uri`.
 *
 * @throws InvalidInputError `storage/output-taken` when the marker there is damaged
 */
export async function isPublished(
  request: OutputRequest,
  student: Omit<Student, 'folder'>,
): Promise<boolean> {
  using place = await openPlace(request);
  const marker = await readMarker(place, markerFile);
  if (marker?.digest !== student.digest) return false;
  for (const { path, bytes } of student.artifacts) {
    if ((await place.sizeOf(basename(path))) !== bytes) return false;
  }
  return true;
}

/**
 * Whether a student of the job lies in `spec.output.uri`, also one that it made before an edit.
 *
 * @throws InvalidInputError `storage/output-taken` when the marker there is damaged
 */
export async function holdsStudent(request: OutputRequest): Promise<boolean> {
  using place = await openPlace(request);
  const marker = await readMarker(place, markerFile);
  const { namespace, name, uid } = request.job;
  return marker?.job.namespace === namespace && marker.job.name === name && marker.job.uid === uid;
}

async function openPlace({ spec }: OutputRequest): Promise<OutputPlace> {
  const { uri } = spec.output;
  if (isS3Uri(uri))
    return new S3Place(
      parseS3Uri(uri, 'spec.output.uri'),
      await openObjectStore(spec.storage.s3, { field: 'spec.output.uri' }),
    );
  if (new URL(uri).protocol === 'file:') return new FolderPlace(fileURLToPath(uri));
  throw new InvalidInputError('storage/unsupported-uri', `"${uri}" can't be written here.`, {
    where: 'spec.output.uri',
    hint: 'Use file:///..., s3://..., or, in a local run, a path relative to the manifest.',
  });
}

/** The output may not be, hold or lie in a folder of inputs; beside an input that is a file it may lie. */
async function refuseInputs(place: OutputPlace, { teacher, dataset }: OutputRequest['spec']): Promise<void> {
  const inputs = {
    'spec.teacher.uri': teacher.uri,
    'spec.dataset.train.uri': dataset.train.uri,
    'spec.dataset.train.labelsUri': dataset.train.labelsUri,
    'spec.dataset.validation.uri': dataset.validation.uri,
    'spec.dataset.validation.labelsUri': dataset.validation.labelsUri,
    'spec.dataset.test.uri': dataset.test?.uri,
    'spec.dataset.test.labelsUri': dataset.test?.labelsUri,
  };
  for (const [field, uri] of Object.entries(inputs)) {
    if (uri === undefined || !(await place.overlaps(uri))) continue;
    throw new InvalidInputError(
      'storage/output-taken',
      `The output folder is the same as that of ${field}, or one lies in the other.`,
      { where: `spec.output.uri ${place.name}`, hint: 'Give the student a folder of its own.' },
    );
  }
}

async function refuseTaken(place: OutputPlace, request: OutputRequest): Promise<void> {
  const markers = [await readMarker(place, markerFile), await readMarker(place, claimFile)].filter(
    (marker) => marker !== undefined,
  );
  for (const marker of markers) await refuseForeign(marker, place, request);
  if (markers.length > 0) return;
  const foreign = (await place.files()).filter((name) => !leftovers.test(name));
  if (foreign.length === 0) return;
  throw new InvalidInputError(
    'storage/output-taken',
    `The output folder holds files that Blockstill has not written: ${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ', ...' : ''}.`,
    {
      where: `spec.output.uri ${place.name}`,
      hint: 'Give the student an empty or a new folder; nothing was changed.',
    },
  );
}

/** What a killed write leaves behind. */
const leftovers = /^\..*\.[0-9a-f-]{36}\.tmp$/;

async function refuseForeign(
  marker: OutputMarker,
  place: OutputPlace,
  request: OutputRequest,
): Promise<void> {
  const { namespace, name, uid } = request.job;
  const sameName = marker.job.namespace === namespace && marker.job.name === name;
  const origin = request.exchange === undefined ? marker.origin : await place.originOf(request.exchange);
  // In a local run equal uids are manifests with the same blocks, wherever their storage is.
  if (sameName && (marker.job.uid === uid || marker.origin === origin)) return;
  const owner = `${marker.job.namespace}/${marker.job.name}`;
  throw new InvalidInputError(
    'storage/output-taken',
    sameName
      ? `The student of another job that is also named ${owner} lies in the output folder${whereIs(marker.origin, place.name)}.`
      : `The student of the job ${owner} lies in the output folder.`,
    {
      where: `spec.output.uri ${place.name}`,
      hint: 'Give each job an output folder of its own, or remove the old student.',
    },
  );
}

/** Makes the place this job's: of two jobs that find it empty at once, only one may go on. */
async function claim(place: OutputPlace, request: OutputRequest, text: string): Promise<void> {
  const made = await place.claim(claimFile, text);
  try {
    // Somebody else may have published, claim and all, since it was looked at.
    await refuseTaken(place, request);
  } catch (error) {
    if (made) await place.remove(claimFile);
    throw error;
  }
  // What an attempt that broke off has left here may name another student.
  if (!made) await place.write(claimFile, text);
}

/** @throws InvalidInputError `storage/output-taken` when the file is not a marker */
async function readMarker(place: OutputPlace, file: string): Promise<OutputMarker | undefined> {
  const text = await place.read(file);
  return text === undefined ? undefined : parseMarker(text, place.nameOf(file));
}

function textOf(marker: OutputMarker): string {
  return `${JSON.stringify(marker, undefined, 2)}\n`;
}
