import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJsonAtomically } from '../../common/files.ts';
import { status as statusSchema, type DistillationJobStatus } from '../../crds/status.ts';
import { fitStatus } from '../decide/fit-status.ts';
import { transitionsOf } from '../decide/transitions.ts';
import { runnerFiles } from './layout.ts';

const writeEverySeconds = 2;

/** `status.json`: the status as the resource would have it, written on transitions and now and then between them. */
export class StatusFile {
  readonly #path: string;
  #written: { text: string; transitions: string; time: Date } | undefined;
  #waiting = false;

  constructor(folder: string) {
    this.#path = join(folder, runnerFiles.status);
  }

  /** Writes now if something has happened, or if the last writing is long enough ago and a figure has changed. */
  async write(whole: DistillationJobStatus, now: Date): Promise<void> {
    // JSON has null for what is no finite number, and a status with that could not be read again.
    const status = fitStatus(whole);
    const transitions = transitionsOf(status);
    const text = JSON.stringify(status);
    if (this.#written?.transitions === transitions) {
      this.#waiting = this.#written.text !== text;
      if (!this.#waiting || this.#secondsLeft(now) > 0) return;
    }
    await writeJsonAtomically(this.#path, status);
    this.#written = { text, transitions, time: now };
    this.#waiting = false;
  }

  /** When to call `write` again though nothing has happened: Infinity when all is written. */
  secondsUntilDue(now: Date): number {
    return this.#waiting ? this.#secondsLeft(now) : Infinity;
  }

  #secondsLeft(now: Date): number {
    if (this.#written === undefined) return 0;
    return Math.max(0, writeEverySeconds - (now.getTime() - this.#written.time.getTime()) / 1000);
  }
}

/** The status of the last run with the time when it was written, or undefined when there is none that can be read. */
export async function readStatusFile(
  folder: string,
): Promise<{ status: DistillationJobStatus; written: Date } | undefined> {
  const path = join(folder, runnerFiles.status);
  try {
    const parsed = statusSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? { status: parsed.data, written: (await stat(path)).mtime } : undefined;
  } catch {
    return undefined;
  }
}
