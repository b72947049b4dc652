import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './testing/fake-clock.ts';
import { TokenBucket } from './token-bucket.ts';

describe('a token bucket', () => {
  it('lets nobody pass sooner than its rate allows, and all in order', async () => {
    const caller = fc.record({ wait: fc.integer({ min: 0, max: 3 }), givesUp: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(caller, { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (callers, burst) => {
          const clock = new FakeClock();
          const bucket = new TokenBucket({ clock, perSecond: 0.5, burst });
          const passed: { readonly index: number; readonly at: number }[] = [];
          let expected = 0;
          for (const [index, { wait, givesUp }] of callers.entries()) {
            await clock.advance(wait);
            const controller = new AbortController();
            bucket.take(controller.signal).then(
              () => passed.push({ index, at: clock.seconds() }),
              () => undefined,
            );
            await clock.advance(0);
            const waits = passed.at(-1)?.index !== index;
            if (givesUp) controller.abort();
            if (!givesUp || !waits) expected += 1;
          }
          await clock.advance(100);
          expect(passed).toHaveLength(expected);
          expect(passed.map(({ index }) => index)).toEqual(
            passed.map(({ index }) => index).toSorted((a, b) => a - b),
          );
          for (const [first, { at }] of passed.entries()) {
            for (const [offset, later] of passed.slice(first).entries()) {
              expect(offset + 1).toBeLessThanOrEqual(burst + (later.at - at) * 0.5 + 1e-6);
            }
          }
          expect(clock.pending).toBe(0);
        },
      ),
    );
  });

  it('lets one that gives up cost the others nothing', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ clock, perSecond: 1, burst: 1 });
    await bucket.take();
    const controller = new AbortController();
    const reason = new Error('enough');
    const first = bucket.take(controller.signal).catch((error: unknown) => error);
    let passed = false;
    void bucket.take().then(() => (passed = true));
    controller.abort(reason);
    expect(await first).toBe(reason);
    await clock.advance(1);
    expect(passed).toBe(true);
  });

  it('does not save up more than its burst', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ clock, perSecond: 10, burst: 2 });
    await clock.advance(1000);
    let passed = 0;
    for (let count = 0; count < 5; count += 1) void bucket.take().then(() => (passed += 1));
    await clock.advance(0);
    expect(passed).toBe(2);
    await clock.advance(0.1);
    expect(passed).toBe(3);
  });
});
