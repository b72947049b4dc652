import { open } from 'node:fs/promises';

const tailBytes = 16_384;

/** Why a worker failed, in its own words and in one line; where to read on when that is not all. */
export async function lastWordsOf(log: string): Promise<string | undefined> {
  const words = lastErrorIn(await tailOf(log));
  if (words === undefined) return undefined;
  const { text, complete } = shortened(words);
  return complete ? text : `${text}${/[.!?]$/.test(text) ? '' : '.'} See ${log}.`;
}

/**
 * The last error in lines of JSON, as it was logged. Without one, the line of the remaining output that says most: the
 * last that looks like an error, else the last that is neither a stack frame, nor the version of Node at the end of an
 * uncaught error, nor a logged line of another level, nor what TensorFlow always says.
 */
export function lastErrorIn(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const logged = lines.flatMap((line) => errorMessageOf(line) ?? []);
  if (logged.length > 0) return logged.at(-1);
  const said = lines.map((line) => line.trim()).filter((line) => !noise.test(line) && !greeting.test(line));
  return (said.findLast((line) => errorLine.test(line)) ?? said.at(-1))?.slice(0, 500);
}

/** JSON, stack frames, Node's version, and what Node prints around an uncaught error. */
const noise = /^(\{.*|\}.*|at .*|\^+|Node\.js v.*|node:.*|file:\/\/.*|throw .*)$/;
/**
 * What TensorFlow 2.20 prints at its first session whatever TF_CPP_MIN_LOG_LEVEL, TF_CPP_MAX_VLOG_LEVEL and
 * TF_CPP_VMODULE are: only a call of its C++ interface would stop it. In a log it does no harm; as the reason why a
 * worker failed it would mislead.
 */
const greeting =
  /^(WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR|I0000 .* MLIR V1 optimization pass is not enabled)$/;
const errorLine =
  /^([A-Z]\w*)?(Error|Exception)\b|^(Uncaught|terminate called|FATAL|Segmentation fault)|^F\d{4} /;

/** A message in several lines is one for people, as one line; an error that nobody foresaw is its first line alone. */
function shortened(words: string): { text: string; complete: boolean } {
  const lines = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const unforeseen = errorLine.test(lines[0] ?? '') || lines.some((line) => line.startsWith('at '));
  return unforeseen
    ? { text: (lines[0] ?? '').slice(0, 500), complete: false }
    : { text: lines.join(' '), complete: true };
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
