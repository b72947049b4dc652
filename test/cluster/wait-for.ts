import { setTimeout as delay } from 'node:timers/promises';

const pauseMilliseconds = 50;

/**
 * Asks until there is an answer.
 *
 * @param what - completes the error's sentence "Waited 60 s in vain for ..."
 * @param ask - answers undefined for "not yet"; what it throws ends the wait
 */
export async function waitFor<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined>,
  seconds = 60,
): Promise<Answer> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${seconds} s in vain for ${what}.`);
    await delay(pauseMilliseconds);
  }
}
