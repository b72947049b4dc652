import { fileURLToPath } from 'node:url';
import { InvalidInputError } from '../../common/error.ts';
import { isS3Uri } from '../../common/s3/s3-location.ts';
import { unitSpecSchema, type UnitSpec } from '../contract/unit-spec.ts';

/**
 * What a worker is told, from its JSON.
 *
 * @param where where the text comes from, for messages
 * @param attemptId the attempt's id where the text can't have it
 * @throws InvalidInputError `unit/bad-spec`, `storage/unsupported-uri`
 */
export function parseUnitSpec(text: string, where: string, attemptId?: string): UnitSpec {
  const spec = parsed(text, where, attemptId);
  return { ...spec, exchange: exchangeFolder(spec.exchange) };
}

function parsed(text: string, where: string, attemptId: string | undefined): UnitSpec {
  try {
    const told = JSON.parse(text) as { attempt?: object };
    return unitSpecSchema.parse(
      attemptId === undefined ? told : { ...told, attempt: { ...told.attempt, id: attemptId } },
    );
  } catch (cause) {
    throw badSpec(where, cause);
  }
}

export function badSpec(where: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('unit/bad-spec', 'The unit spec is missing or is not one.', { where, cause });
}

/** The exchange as a path where it is on a file system; one on S3 stays a URI. */
function exchangeFolder(exchange: string): string {
  if (isS3Uri(exchange)) return exchange;
  if (!/^[a-z0-9+.-]+:/i.test(exchange)) return exchange;
  if (exchange.startsWith('file:///')) return fileURLToPath(exchange);
  throw new InvalidInputError('storage/unsupported-uri', `"${exchange}" can't be opened here.`, {
    where: 'spec.storage.uri',
    hint: 'Use file:///... on a mounted volume, or s3://....',
  });
}
