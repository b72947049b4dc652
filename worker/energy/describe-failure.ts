/** The reason that a reading gives, in one line. */
export function describeFailure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
