import { expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.ts';

it('a key waits twice as long after each failure, up to a maximum, until it is forgotten; others are not concerned', () => {
  const limiter = new RateLimiter({ baseSeconds: 0.005, maximumSeconds: 1000 });
  const waits = Array.from({ length: 4 }, () => limiter.next('a'));
  expect(waits).toEqual([0.005, 0.01, 0.02, 0.04]);
  expect(limiter.next('b')).toBe(0.005);
  expect(limiter.retries('a')).toBe(4);
  for (let count = 0; count < 2000; count += 1) limiter.next('a');
  expect(limiter.next('a')).toBe(1000);
  limiter.forget('a');
  expect(limiter.retries('a')).toBe(0);
  expect(limiter.next('a')).toBe(0.005);
});
