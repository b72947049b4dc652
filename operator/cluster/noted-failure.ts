import * as z from 'zod';
import type { ObservedAttempt } from '../decide/observed.ts';
import { clip } from '../decide/text.ts';

const longestMessage = 1000;

const notedFailureSchema = z.object({ exitCode: z.int(), message: z.string().max(longestMessage) });

/** How a worker failed, as it is noted down on its Job. */
export type NotedFailure = z.infer<typeof notedFailureSchema>;

/** Undefined for what is none: anybody may have written it. */
export function failureIn(text: string | undefined): NotedFailure | undefined {
  if (text === undefined) return undefined;
  try {
    return notedFailureSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The text of the annotation; undefined for an attempt that costs no retry. */
export function failureText({ state, exitCode, message = '' }: ObservedAttempt): string | undefined {
  if (state !== 'Failed' || exitCode === undefined) return undefined;
  return JSON.stringify({ exitCode, message: clip(message, longestMessage) } satisfies NotedFailure);
}
