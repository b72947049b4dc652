import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { isS3Uri, mistakeInS3Uri } from '../../common/s3/s3-location.ts';
import { ownFolders } from '../cluster/render-pod.ts';
import type { FlagName } from './flags.ts';
import type { Given } from './read-flags.ts';

export const storageUri = z
  .string()
  .max(1024, 'is longer than 1024 characters')
  .superRefine((uri, context) => {
    const mistake = mistakeIn(uri);
    if (mistake !== undefined) context.addIssue(mistake);
  });

function mistakeIn(uri: string): string | undefined {
  if (isS3Uri(uri)) {
    const mistake = mistakeInS3Uri(uri);
    return mistake === undefined ? undefined : `names nothing on S3: ${mistake}`;
  }
  if (!uri.startsWith('file:///')) return 'must begin with s3:// or file:///';
  const path = pathOf(uri);
  // What Kubernetes takes as the path of a mount has no colon.
  if (path === undefined || path === '/' || /[:\0]/.test(path))
    return 'names no folder that could be mounted';
  return ownFolders.includes(path) ? "is the worker's own folder: choose another one" : undefined;
}

/** Undefined for a URI that escapes a slash. */
function pathOf(uri: string): string | undefined {
  try {
    return posix.resolve(fileURLToPath(uri));
  } catch {
    return undefined;
  }
}

const claim: FlagName = 'worker-storage-claim';
const s3Flags: readonly FlagName[] = [
  'worker-storage-s3-endpoint',
  'worker-storage-s3-region',
  'worker-storage-s3-force-path-style',
  'worker-storage-s3-credentials-secret',
];

/** What options about the default storage say against each other, a sentence each. */
export function storageProblems(given: ReadonlyMap<FlagName, Given>): readonly string[] {
  const [uri] = given.get('worker-storage-uri')?.values ?? [];
  // One that is neither is told of already.
  if (uri !== undefined && !isS3Uri(uri) && !uri.startsWith('file://')) return [];
  const useless = [
    ...(uri?.startsWith('file://') ? [] : [{ name: claim, needs: 'begins with file:///' }]),
    ...(uri !== undefined && isS3Uri(uri)
      ? []
      : s3Flags.map((name) => ({ name, needs: 'begins with s3://' }))),
  ];
  return useless.flatMap(({ name, needs }) => {
    const { source, values } = given.get(name) ?? {};
    if (source === undefined || values?.[0] === 'false') return [];
    const found = uri === undefined ? 'is not given' : `is ${uri}`;
    return `${source} needs a --worker-storage-uri that ${needs}, but that ${found}.`;
  });
}
