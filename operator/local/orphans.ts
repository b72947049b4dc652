import { setTimeout } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

const pollSeconds = 0.05;

/**
 * Ends a worker that an earlier runner left behind: SIGTERM, so that it commits its checkpoint, and SIGKILL after the
 * grace period. Nothing but the very process that was recorded is touched.
 */
export async function endOrphan(orphan: ProcessIdentity, graceSeconds: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isRunning(orphan))) return;
    send(orphan, signal);
    if (await endedWithin(orphan, graceSeconds)) return;
  }
}

function send({ pid }: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The kernel tells only a parent when a process ends, so it has to be asked. */
async function endedWithin(orphan: ProcessIdentity, seconds: number): Promise<boolean> {
  for (let waited = 0; waited < seconds; waited += pollSeconds) {
    await setTimeout(pollSeconds * 1000);
    if (!(await isRunning(orphan))) return true;
  }
  return false;
}
