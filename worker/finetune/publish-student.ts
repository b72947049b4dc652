import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Digest } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import { writeFileAtomically, writeJsonAtomically } from '../../common/files.ts';
import type { Artifact } from '../contract/primitives.ts';
import type { WorkContext } from '../work-context.ts';

/** Says whose student a folder holds; written last, so its presence means that the folder is complete. */
const markerFile = 'blockstill.json';
const markerSchema = z.object({
  job: z.object({ uid: z.string(), namespace: z.string(), name: z.string() }),
});

export interface PublishOptions {
  readonly folder: string;
  readonly artifacts: readonly Artifact[];
  readonly digest: Digest;
}

/**
 * Copies the student to `spec.output.uri` and returns the URI.
 *
 * @throws InvalidInputError `storage/output-taken` when another job's student lies there.
 */
export async function publishStudent(context: WorkContext, options: PublishOptions): Promise<string> {
  const { job } = context.spec;
  const { uri } = context.spec.spec.output;
  const target = outputFolder(uri);
  const marker = await readMarker(join(target, markerFile));
  if (marker !== undefined && (marker.job.namespace !== job.namespace || marker.job.name !== job.name)) {
    throw new InvalidInputError(
      'storage/output-taken',
      `The student of the job ${marker.job.namespace}/${marker.job.name} lies in the output folder.`,
      {
        where: `spec.output.uri ${uri}`,
        hint: 'Give each job an output folder of its own, or remove the old student.',
      },
    );
  }
  await mkdir(target, { recursive: true });
  for (const { path } of options.artifacts.toReversed()) {
    await writeFileAtomically(
      join(target, basename(path)),
      await readFile(join(options.folder, basename(path))),
    );
  }
  await writeJsonAtomically(join(target, markerFile), { job, digest: options.digest });
  return uri;
}

function outputFolder(uri: string): string {
  if (new URL(uri).protocol === 'file:') return fileURLToPath(uri);
  throw new InvalidInputError('storage/unsupported-uri', `"${uri}" can't be written here.`, {
    where: 'spec.output.uri',
    hint: 'Use file:///..., or, in a local run, a path relative to the manifest.',
  });
}

async function readMarker(path: string): Promise<z.infer<typeof markerSchema> | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = markerSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}
