import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Digest } from './digest.ts';
import { InvalidInputError } from './error.ts';
import { asStorageInputError, syncFolder, writeFileAtomically, writeJsonAtomically } from './files.ts';
import {
  claimFile,
  isMissing,
  markerFile,
  originOf,
  readMarker,
  realPath,
  type OutputMarker,
} from './output-marker.ts';

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
    readonly teacher: { readonly uri: string };
    readonly dataset: {
      readonly train: Location;
      readonly validation: Location;
      readonly test?: Location | undefined;
    };
  };
  /** The exchange folder of the job; without it, jobs are told apart by namespace and name alone. */
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
 *   over; `storage/not-writable`; `storage/unsupported-uri`
 */
export async function checkOutput(request: OutputRequest): Promise<void> {
  const folder = outputFolder(request.spec.output.uri);
  await asInputErrors(folder, async () => {
    await refuseInputs(folder, request.spec);
    await refuseTaken(folder, request);
    await checkWritable(folder);
  });
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
  const folder = outputFolder(spec.output.uri);
  await asInputErrors(folder, async () => {
    await refuseInputs(folder, spec);
    await refuseTaken(folder, request);
    await mkdir(folder, { recursive: true });
    const origin = await originOf(exchange, folder);
    const marker = { job, origin, digest: student.digest } satisfies OutputMarker;
    await writeJsonAtomically(join(folder, claimFile), marker);
    await rm(join(folder, markerFile), { force: true });
    await syncFolder(folder);
    for (const { path } of student.artifacts.toReversed()) {
      const content = contentOf(join(student.folder, basename(path)));
      await writeFileAtomically(join(folder, basename(path)), content);
    }
    await writeJsonAtomically(join(folder, markerFile), marker);
    await rm(join(folder, claimFile), { force: true });
  });
  return spec.output.uri;
}

/**
 * Whether this student, whole, lies in `spec.output.uri`.
 *
 * @throws InvalidInputError `storage/output-taken` when the marker there is damaged
 */
export async function isPublished(uri: string, student: Omit<Student, 'folder'>): Promise<boolean> {
  const folder = outputFolder(uri);
  const marker = await readMarker(join(folder, markerFile));
  if (marker?.digest !== student.digest) return false;
  for (const { path, bytes } of student.artifacts) {
    const found = await stat(join(folder, basename(path))).catch(() => undefined);
    if (found?.size !== bytes) return false;
  }
  return true;
}

/**
 * Whether a student of the job lies in `spec.output.uri`, also one that it made before an edit.
 *
 * @throws InvalidInputError `storage/output-taken` when the marker there is damaged
 */
export async function holdsStudent({ job, spec }: OutputRequest): Promise<boolean> {
  const marker = await readMarker(join(outputFolder(spec.output.uri), markerFile));
  return (
    marker?.job.namespace === job.namespace && marker.job.name === job.name && marker.job.uid === job.uid
  );
}

/** Opened only when it is read, so that whoever reads it is there to hear that it is missing. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) yield chunk;
}

function outputFolder(uri: string): string {
  if (new URL(uri).protocol === 'file:') return fileURLToPath(uri);
  throw new InvalidInputError('storage/unsupported-uri', `"${uri}" can't be written here.`, {
    where: 'spec.output.uri',
    hint: 'Use file:///..., or, in a local run, a path relative to the manifest.',
  });
}

/** The output may not be, hold or lie in a folder of inputs; beside an input that is a file it may lie. */
async function refuseInputs(folder: string, { teacher, dataset }: OutputRequest['spec']): Promise<void> {
  const output = await realPath(folder);
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
    if (uri === undefined || new URL(uri).protocol !== 'file:') continue;
    const path = await realPath(fileURLToPath(uri));
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!holds(output, isFolder ? path : dirname(path)) && !(isFolder && holds(path, output))) continue;
    throw new InvalidInputError(
      'storage/output-taken',
      `The output folder is the same as that of ${field}, or one lies in the other.`,
      { where: `spec.output.uri ${folder}`, hint: 'Give the student a folder of its own.' },
    );
  }
}

/** Whether `inner` is `outer` or lies in it. */
function holds(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path !== '..' && !path.startsWith(`..${sep}`);
}

async function refuseTaken(folder: string, request: OutputRequest): Promise<void> {
  const markers = [
    await readMarker(join(folder, markerFile)),
    await readMarker(join(folder, claimFile)),
  ].filter((marker) => marker !== undefined);
  for (const marker of markers) await refuseForeign(marker, folder, request);
  if (markers.length > 0) return;
  const foreign = await filesIn(folder);
  if (foreign.length === 0) return;
  throw new InvalidInputError(
    'storage/output-taken',
    `The output folder holds files that Blockstill has not written: ${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ', ...' : ''}.`,
    {
      where: `spec.output.uri ${folder}`,
      hint: 'Give the student an empty or a new folder; nothing was changed.',
    },
  );
}

async function refuseForeign(marker: OutputMarker, folder: string, request: OutputRequest): Promise<void> {
  const { namespace, name, uid } = request.job;
  const sameName = marker.job.namespace === namespace && marker.job.name === name;
  const origin = request.exchange === undefined ? marker.origin : await originOf(request.exchange, folder);
  // In a local run equal uids are manifests with the same blocks, wherever their storage is.
  if (sameName && (marker.job.uid === uid || marker.origin === origin)) return;
  const owner = `${marker.job.namespace}/${marker.job.name}`;
  throw new InvalidInputError(
    'storage/output-taken',
    sameName
      ? `The student of another job that is also named ${owner} lies in the output folder; its storage is ${join(folder, marker.origin)}.`
      : `The student of the job ${owner} lies in the output folder.`,
    {
      where: `spec.output.uri ${folder}`,
      hint: 'Give each job an output folder of its own, or remove the old student.',
    },
  );
}

/** Files, but not those that a killed write left behind; folders below, such as that of the exchange, do no harm. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return entries
    .filter((entry) => !entry.isDirectory() && !/^\..*\.[0-9a-f-]{36}\.tmp$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

async function checkWritable(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true });
  const probe = join(folder, `.blockstill.${randomUUID()}.tmp`);
  try {
    await writeFile(probe, '', { flag: 'wx' });
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
    if (firstMade !== undefined) await removeEmpty(folder, firstMade);
  }
}

/** Removes the folders that were made; one that somebody uses by now stays. */
async function removeEmpty(folder: string, first: string): Promise<void> {
  for (let path = folder; holds(first, path); path = dirname(path)) {
    if (
      !(await rmdir(path)
        .then(() => true)
        .catch(() => false))
    )
      return;
  }
}

async function asInputErrors(folder: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw asStorageInputError(error, `spec.output.uri ${folder}`);
  }
}
