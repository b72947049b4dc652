import { waitFor } from '../cluster/wait-for.ts';
import type { OperatorFleet } from './operator-fleet.ts';

export interface PauseOptions {
  /** How long the next leader works before the paused one wakes. */
  readonly overlapSeconds: number;
  /** The most that each wait may take; default 90: a Lease of 15 s, and tries that fail. */
  readonly patienceSeconds?: number;
  wait(seconds: number): Promise<void>;
}

/**
 * Stops the operator that holds the Lease until another one has taken it, and lets it go on: it has to see that it has
 * lost the Lease, and end.
 *
 * @throws Error when nobody leads, when nobody follows, or when the old leader goes on
 */
export async function pauseLeader(operators: OperatorFleet, options: PauseOptions): Promise<void> {
  const { overlapSeconds, patienceSeconds = 90, wait } = options;
  const leader = await operators.untilLed(patienceSeconds);
  leader.pause();
  try {
    await operators.untilLed(patienceSeconds, leader);
    await wait(overlapSeconds);
  } finally {
    leader.resume();
  }
  const what = 'the old leader to end, which another one has followed';
  await waitFor(what, async () => ((await leader.hasEnded()) ? true : undefined), patienceSeconds);
  operators.takeovers += 1;
  await operators.replace(leader);
}
