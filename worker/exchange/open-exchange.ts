import { tmpdir } from 'node:os';
import { openObjectStore } from '../../common/s3/open-object-store.ts';
import { isS3Uri, parseS3Uri } from '../../common/s3/s3-location.ts';
import { exchangePath } from '../../common/output-marker.ts';
import { podEnvironment } from '../contract/pod.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import type { Exchange } from './exchange.ts';
import { FolderExchange } from './folder-exchange.ts';
import { S3Exchange } from './s3-exchange.ts';

/**
 * The exchange that a unit spec names: an absolute path or a `file:` URI, or `s3://bucket/folder`, whose mirror is made in
 * BLOCKSTILL_SCRATCH or the system's folder for temporary files. Nothing is asked of a server yet.
 *
 * @throws InvalidInputError `storage/bad-uri`
 */
export async function openExchange(spec: UnitSpec, signal: AbortSignal): Promise<Exchange> {
  const { exchange } = spec;
  if (!isS3Uri(exchange)) return new FolderExchange(exchangePath(exchange));
  return S3Exchange.open({
    location: parseS3Uri(exchange, 'exchange'),
    store: await openObjectStore(spec.spec.storage.s3, { signal }),
    scratch: process.env[podEnvironment.scratch] || tmpdir(),
    writable: `${spec.unit}/${spec.attempt.id}`,
  });
}
