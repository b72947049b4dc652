import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readAttemptRecord, writeAttemptRecord, type AttemptRecord } from './attempt-record.ts';
import { attemptFiles } from './layout.ts';
import { endOrphan } from './orphans.ts';
import { isRunning } from './process-identity.ts';

export interface TakeOver {
  /** When the last runner was seen alive; undefined when there was none. */
  readonly lastSeen: Date | undefined;
  readonly graceSeconds: number;
  now(): Date;
}

/** Every recorded attempt of a job, all of them ended: workers that an earlier runner left behind are stopped first. */
export async function takeOverAttempts(exchange: string, options: TakeOver): Promise<AttemptRecord[]> {
  const records = await Promise.all(
    (await attemptFolders(exchange)).map(async (folder) => {
      const record = await readAttemptRecord(folder);
      if (record === undefined || record.end !== undefined) return record;
      const ended = { ...record, end: await endOf(record, folder, options) };
      await writeAttemptRecord(folder, ended);
      return ended;
    }),
  );
  return records.filter((record) => record !== undefined).toSorted((a, b) => a.number - b.number);
}

/** Nobody saw how it ended, so it is not held against the unit. */
async function endOf(
  record: AttemptRecord,
  folder: string,
  options: TakeOver,
): Promise<NonNullable<AttemptRecord['end']>> {
  const alive = await isRunning(record.process);
  if (alive) await endOrphan(record.process, options.graceSeconds);
  const log = await stat(join(folder, attemptFiles.log)).catch(() => undefined);
  const started = new Date(record.startTime);
  const lastSign = [started, options.lastSeen, log?.mtime].filter((date) => date !== undefined);
  const time = alive ? options.now() : new Date(Math.max(...lastSign.map((date) => date.getTime())));
  return { time: time.toISOString(), state: 'Interrupted', message: 'The runner was gone when it ended.' };
}

/** Every recorded attempt of a job as it is written down, in order; those without an end may still be running. */
export async function readAttempts(exchange: string): Promise<AttemptRecord[]> {
  const records = await Promise.all((await attemptFolders(exchange)).map(readAttemptRecord));
  return records
    .filter((record) => record !== undefined)
    .toSorted((a, b) => a.startTime.localeCompare(b.startTime) || a.number - b.number);
}

async function attemptFolders(exchange: string): Promise<string[]> {
  const units = await foldersIn(exchange);
  return (await Promise.all(units.map(foldersIn))).flat();
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}
