import { open } from 'node:fs/promises';

const tailBytes = 16_384;

/** Why a worker failed, in its own words: the last error that it logged, else its last line. */
export async function lastWordsOf(log: string): Promise<string | undefined> {
  return lastErrorIn(await tailOf(log))
    ?.split('\n')
    .join(' ');
}

/** The last error in lines of JSON, as it was logged; else the last line as it is. */
export function lastErrorIn(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const logged = lines.flatMap((line) => errorMessageOf(line) ?? []);
  return logged.at(-1) ?? lines.at(-1)?.trim().slice(0, 500);
}

function errorMessageOf(line: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || !('level' in entry) || entry.level !== 'error')
      return undefined;
    return 'message' in entry && typeof entry.message === 'string' ? entry.message : undefined;
  } catch {
    return undefined;
  }
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
