import { BlockstillError, describeError } from '../../common/error.ts';

/** Kubernetes keeps 4,096 bytes, and people read the first sentence. */
const longestWords = 2000;

/** What a worker says that was told to stop. Prepare has no checkpoints. */
export function interruptedWords(command: string): string {
  const next = command === 'prepare' ? 'starts again' : 'goes on from the last checkpoint';
  return `Interrupted; the next attempt ${next}.`;
}

/** Why there is no result, in plain words of at most 2,000 bytes of UTF-8. A stack is for the logs. */
export function failureWords(error: unknown): string {
  if (error instanceof BlockstillError) return cut(describeError(error));
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const advice = '\nThis is a defect of Blockstill; see the logs of the pod.';
  return `${cut(message, longestWords - Buffer.byteLength(advice))}${advice}`;
}

/** The beginning of a text, without half of a character at its end. */
function cut(text: string, longest = longestWords): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= longest) return bytes.toString('utf8');
  const mark = '…';
  // The bytes of a character after its first one all begin with the bits 10.
  let end = longest - Buffer.byteLength(mark);
  while (((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return `${bytes.toString('utf8', 0, end)}${mark}`;
}
