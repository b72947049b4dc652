import { InvalidInputError } from '../../common/error.ts';
import { unitSpecSchema, type UnitSpec } from '../contract/unit-spec.ts';

/**
 * What a worker is told, from its JSON.
 *
 * @param where where the text comes from, for messages
 * @param attemptId the attempt's id where the text can't have it
 * @throws InvalidInputError `unit/bad-spec`
 */
export function parseUnitSpec(text: string, where: string, attemptId?: string): UnitSpec {
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
