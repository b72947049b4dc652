/**
 * Characters that a terminal obeys instead of showing them: C0 and C1 controls, of which ESC begins sequences that move the
 * cursor, set the title or answer as if somebody typed; and those that turn the direction of the text around them.
 */
const obeyed = /[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * The same value with all such characters in its texts written out, as `\x1b`; line breaks and tabs stay. Names of blocks come
 * from models that anybody may have made, and messages from images that anybody may have built.
 */
export function printable<Value>(value: Value): Value {
  return written(value) as Value;
}

function written(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(obeyed, writtenOut);
  if (Array.isArray(value)) return value.map(written);
  // Maps, dates and the like stay as they are: nothing that is printed comes out of them.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, written(member)]));
}

function writtenOut(character: string): string {
  if (character === '\n' || character === '\t') return character;
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}
