import { readFile } from 'node:fs/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process, as the kernel counts them. */
  readonly startTicks: string;
}

/**
 * The identity of a process that runs now, or undefined when there is none.
 *
 * Reads field 22 of `/proc/<pid>/stat` (proc_pid_stat(5)). A zombie has ended: it only waits to be reaped.
 */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return startTicks === undefined || state === 'Z' || state === 'X' ? undefined : { pid, startTicks };
}

export async function isRunning({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  return (await identityOf(pid))?.startTicks === startTicks;
}
