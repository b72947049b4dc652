import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

const never = new AbortController().signal;

describe('slots', () => {
  it('let so many go, and the others in their order as these end', async () => {
    const slots = new Slots(2);
    const gone: string[] = [];
    const go = async (name: string): Promise<Disposable> => {
      const slot = await slots.take(never);
      gone.push(name);
      return slot;
    };
    const [a, , c, d] = [go('a'), go('b'), go('c'), go('d')];
    await setImmediate();
    expect(gone).toEqual(['a', 'b']);
    (await a)[Symbol.dispose]();
    await setImmediate();
    expect(gone).toEqual(['a', 'b', 'c']);
    (await c)[Symbol.dispose]();
    (await d)[Symbol.dispose]();
    expect(gone).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are not used up by who gives up waiting', async () => {
    const slots = new Slots(1);
    const first = await slots.take(never);
    const controller = new AbortController();
    const waiting = slots.take(controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(slots.take(controller.signal)).rejects.toThrow('enough');
    first[Symbol.dispose]();
    const second = await slots.take(never);
    second[Symbol.dispose]();
  });
});
