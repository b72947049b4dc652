import { describe, expect, it } from 'vitest';
import { FakeClock } from './testing/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

function observedQueue() {
  const clock = new FakeClock();
  const heard: string[] = [];
  const hear =
    (what: string) =>
    (key: string): void =>
      void heard.push(`${key} ${what}`);
  const observer = {
    added: hear('added'),
    started: hear('started'),
    done: hear('done'),
    retried: hear('retried'),
  };
  return { clock, heard, queue: new WorkQueue({ clock, observer, baseSeconds: 1 }) };
}

describe('whoever observes a queue', () => {
  it('hears of a key once however often it is added, and again when that is while it is worked on', async () => {
    const { queue, heard } = observedQueue();
    queue.add('a');
    queue.add('a');
    await queue.next();
    queue.add('a');
    queue.add('a');
    queue.done('a');
    await queue.next();
    queue.done('a');
    expect(heard).toEqual(['a added', 'a started', 'a added', 'a done', 'a started', 'a done']);
  });

  it('hears that a key failed at once, and that it was added when its time has come', async () => {
    const { queue, heard, clock } = observedQueue();
    queue.addRateLimited('a');
    expect(heard).toEqual(['a retried']);
    await clock.advance(1);
    expect(heard).toEqual(['a retried', 'a added']);
  });

  it('hears that a worker who waited has it only after it was added', async () => {
    const { queue, heard } = observedQueue();
    const taken = queue.next();
    queue.add('a');
    await taken;
    expect(heard).toEqual(['a added', 'a started']);
  });

  it('hears nothing of what comes after the end', () => {
    const { queue, heard } = observedQueue();
    queue.shutDown();
    queue.add('a');
    queue.addRateLimited('b');
    expect(heard).toEqual([]);
  });
});
