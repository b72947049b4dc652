const ellipsis = '…';

/** The text, cut so that its UTF-8 has at most so many bytes: the API counts bytes where it limits a length. */
export function fitBytes(text: string, maximumBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maximumBytes) return text;
  const kept = bytes.subarray(0, maximumBytes - Buffer.byteLength(ellipsis));
  // A character that the cut went through is left out.
  return new TextDecoder().decode(kept, { stream: true }) + ellipsis;
}
