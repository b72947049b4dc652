import { describe, expect, it } from 'vitest';
import { startWatchdog } from './watchdog.ts';

// That it kills, and when, is shown with real processes in test/operator/.
describe('a watchdog', () => {
  it('leaves alone who never armed it, who arms it again in time, and who has disarmed it', async () => {
    await using watchdog = await startWatchdog({ graceSeconds: 0, logFormat: 'json' });
    for (let count = 0; count < 1000; count += 1) watchdog.arm(60 - count / 1000);
    watchdog.arm(0.2);
    watchdog.disarm();
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 300);
    await promise;
    expect(watchdog.failure()).toBeUndefined();
  });

  it('ends with whoever disposes of it, though it sleeps, and calls that no failure', async () => {
    const watchdog = await startWatchdog({ graceSeconds: 0, logFormat: 'text' });
    watchdog.arm(3600);
    await watchdog[Symbol.asyncDispose]();
    expect(watchdog.failure()).toBeUndefined();
  });
});
