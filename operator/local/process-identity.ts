import { readFile } from 'node:fs/promises';
import * as z from 'zod';

/** A process that cannot be mistaken for another one with the same number, later or on another machine. */
export const processIdentitySchema = z.object({
  pid: z.int(),
  /** Clock ticks between boot and the start of the process, as the kernel counts them. */
  startTicks: z.string(),
  /** Drawn by the kernel at each boot (random(4)). */
  bootId: z.string(),
});
export type ProcessIdentity = Readonly<z.infer<typeof processIdentitySchema>>;

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
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTicks, bootId: await readBootId() };
}

export async function isRunning({ pid, startTicks, bootId }: ProcessIdentity): Promise<boolean> {
  const now = await identityOf(pid);
  return now?.startTicks === startTicks && now.bootId === bootId;
}

/** A sandbox may hide it: then boots can't be told apart. */
async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')).trim();
}
