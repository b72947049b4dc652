import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Digest } from '../../common/digest.ts';
import { BlockstillError, InvalidInputError } from '../../common/error.ts';
import { digestOfModel } from '../../common/model-files.ts';
import type { OutputRequest } from '../../common/output-folder.ts';
import { compileJob } from '../../crds/compile-job.ts';
import type { CompiledJob, CompiledSpec } from '../../crds/compiled-job.ts';
import { parseDistillationJob } from '../../crds/parse-distillation-job.ts';
import { specDigests, type SpecDigests } from '../../worker/contract/job-spec.ts';
import { jobFolder } from './layout.ts';

/** A manifest as a job on this machine. */
export interface LocalJob {
  readonly namespace: string;
  readonly name: string;
  /**
   * The first 12 digits of the digest of what decides plan and blocks. A manifest in which any of that was edited is
   * another job, and so is the same one with another teacher in the same place; one in which only the student's part
   * was edited goes on with its finished blocks.
   */
  readonly uid: string;
  readonly specDigests: SpecDigests;
  /** Of what the manifest says that blocks depend on, whatever teacher lies where it says. */
  readonly manifestDigest: Digest;
  /** Of the teacher's files as they are now; undefined when they are not on this machine, or can't be read. */
  readonly teacherDigest: Digest | undefined;
  readonly compiled: CompiledJob;
  /** The exchange folder. */
  readonly folder: string;
}

/**
 * Reads, checks and compiles a manifest, and looks at the teacher that it names. Relative paths start from its folder.
 *
 * @throws InvalidInputError `manifest/...`, with file and line
 */
export async function loadLocalJob(manifest: string, storage?: string): Promise<LocalJob> {
  const path = resolve(manifest);
  const text = await readManifest(path);
  const job = parseDistillationJob(text, manifest);
  const compiled = compileJob(job, { manifestFolder: dirname(path) });
  refuseWhatOnlyClustersDo(compiled.spec, manifest);
  const { uri } = compiled.spec.teacher;
  const teacherDigest = uri.startsWith('file://') ? await digestOfModel(fileURLToPath(uri)) : undefined;
  const digests = specDigests(compiled.spec, teacherDigest);
  const identity = { namespace: compiled.namespace, name: compiled.name, uid: digests.Distill.slice(7, 19) };
  const given = storage === undefined ? job.spec.storage?.uri : undefined;
  const root =
    given === undefined ? resolve(storage ?? join(dirname(path), '.blockstill')) : pathOf(compiled.spec);
  const manifestDigest = specDigests(compiled.spec).Distill;
  return {
    ...identity,
    specDigests: digests,
    manifestDigest,
    teacherDigest,
    compiled,
    folder: jobFolder(root, identity),
  };
}

export function outputRequest({
  namespace,
  name,
  uid,
  compiled,
  folder,
}: LocalJob): OutputRequest & { readonly exchange: string } {
  return { job: { namespace, name, uid }, spec: compiled.spec, exchange: folder };
}

function refuseWhatOnlyClustersDo(spec: CompiledSpec, where: string): void {
  if (spec.suspend) {
    throw new BlockstillError('run/suspended', 'spec.suspend is true, so nothing may run.', {
      where,
      hint: 'Set it to false, or remove it.',
    });
  }
}

function pathOf({ storage }: CompiledSpec): string {
  if (storage.uri.startsWith('file://')) return fileURLToPath(storage.uri);
  throw new InvalidInputError(
    'storage/not-local',
    `spec.storage.uri is ${storage.uri}, which is not a folder here.`,
    {
      hint: 'Give --storage FOLDER, or leave spec.storage.uri out: then .blockstill beside the manifest is used. Teacher, data and output may lie on S3.',
    },
  );
}

async function readManifest(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new InvalidInputError('manifest/unreadable', `The manifest ${basename(path)} can't be read.`, {
      where: path,
      hint: 'Give the path of a YAML or JSON file that holds one DistillationJob.',
      cause,
    });
  }
}
