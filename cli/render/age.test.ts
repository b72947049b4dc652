import { expect, it } from 'vitest';
import { age } from './age.ts';

// As `kubectl get` shows them: k8s.io/apimachinery/pkg/util/duration, HumanDuration.
it.each([
  [-3, '0s'],
  [119.9, '119s'],
  [120, '2m'],
  [190, '3m10s'],
  [600, '10m'],
  [3 * 3600 - 1, '179m'],
  [3 * 3600, '3h'],
  [5 * 3600 + 59 * 60, '5h59m'],
  [8 * 3600, '8h'],
  [48 * 3600 - 1, '47h'],
  [7.5 * 86_400, '7d12h'],
  [8 * 86_400, '8d'],
  [729 * 86_400, '729d'],
  [800 * 86_400, '2y70d'],
  [9 * 365 * 86_400, '9y'],
])('%d seconds are %s', (seconds, text) => {
  expect(age(seconds)).toBe(text);
});
