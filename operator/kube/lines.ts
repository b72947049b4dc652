import { BlockstillError } from '../../common/error.ts';

const newline = 0x0a;

/**
 * Splits bytes into lines, wherever they were cut; decoded line by line, so that a cut inside a character does no harm.
 *
 * @param maximumBytes of one line: more is not held in memory
 * @throws BlockstillError `cluster/malformed-answer` for a longer line, and for a last line that doesn't end
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maximumBytes: number,
): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const append = (part: Uint8Array): void => {
    length += part.length;
    if (length > maximumBytes) {
      throw new BlockstillError('cluster/malformed-answer', `A line has more than ${maximumBytes} bytes.`);
    }
    parts.push(part);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      append(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString('utf8');
      parts = [];
      length = 0;
      start = end + 1;
    }
    append(chunk.subarray(start));
  }
  if (length > 0) throw new BlockstillError('cluster/malformed-answer', 'The last line was cut off.');
}
