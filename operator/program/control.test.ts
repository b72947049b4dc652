import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { control } from './control.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A controller that ends when the test says so. */
function controlled() {
  const clock = new FakeClock();
  const signals = new AbortController();
  const work = Promise.withResolvers<void>();
  const ends: number[] = [];
  const controller = { run: async () => await work.promise, notReady: () => undefined };
  const endNow = (): void => void ends.push(clock.seconds());
  const ended = control(controller, signals.signal, { clock, logger: silent, endNow });
  ended.catch(() => undefined);
  return { clock, signals, work, ends, ended };
}

describe('a controller', () => {
  it('may take up to 20 s to stop', async () => {
    const { clock, signals, work, ends, ended } = controlled();
    await clock.advance(100);
    signals.abort();
    await clock.advance(19.9);
    work.resolve();
    await ended;
    expect(ends).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('that takes longer ends the process', async () => {
    const { clock, signals, ends } = controlled();
    signals.abort();
    await clock.advance(60);
    expect(ends).toEqual([20]);
  });

  it('that ends by itself, or throws, is a defect', async () => {
    const first = controlled();
    first.work.resolve();
    await expect(first.ended).rejects.toThrow('nobody told it to');
    const second = controlled();
    second.work.reject(new RangeError('off by one'));
    await expect(second.ended).rejects.toThrow('off by one');
    expect(second.clock.pending).toBe(0);
  });
});
