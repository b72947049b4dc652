import { describe, expect, it } from 'vitest';
import { ServerClock } from './server-clock.ts';
import { FakeClock } from './testing/fake-clock.ts';

describe('the clock of the server', () => {
  it('is that of this machine while they agree, or nothing was heard', () => {
    const local = new FakeClock('2026-03-01T12:00:00.500Z');
    const clock = new ServerClock(local);
    expect(clock.now()).toEqual(local.now());
    clock.heard(new Date('2026-03-01T12:00:00Z'));
    clock.heard(new Date('nonsense'));
    clock.heard(undefined);
    expect(clock.now()).toEqual(local.now());
  });

  it('goes on from the last time that was heard where they differ', async () => {
    const local = new FakeClock('2026-03-01T12:00:00.000Z');
    const clock = new ServerClock(local);
    clock.heard(new Date('2026-03-01T12:10:00Z'));
    await local.advance(5);
    expect(clock.now()).toEqual(new Date('2026-03-01T12:10:05Z'));
    expect(clock.seconds()).toBe(5);
    clock.heard(new Date('2026-03-01T12:00:06Z'));
    expect(clock.now()).toEqual(new Date('2026-03-01T12:00:05Z'));
  });
});
