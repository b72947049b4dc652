/** Why a request failed, as half a sentence: what `fetch` throws says it in its cause. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const detail = cause instanceof Error ? cause : error;
  const code = 'code' in detail && typeof detail.code === 'string' ? detail.code : undefined;
  return detail.message || (code ?? detail.name);
}
