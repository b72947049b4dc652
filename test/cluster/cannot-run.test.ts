import { afterEach, expect, test, vi } from 'vitest';
import { cannotRun } from './cannot-run.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a suite that a machine can run is not skipped', () => {
  expect(cannotRun('The suite', undefined)).toBe(false);
});

test('a skipped suite is named, with the reason', () => {
  vi.stubEnv('BLOCKSTILL_SKIP_NOTHING', '');
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  expect(cannotRun('The suite', 'it needs root')).toBe(true);
  expect(warn).toHaveBeenCalledWith("Skipped: The suite can't run on this machine: it needs root.");
});

test('in continuous integration, what would be skipped fails', () => {
  vi.stubEnv('BLOCKSTILL_SKIP_NOTHING', '1');
  expect(() => cannotRun('The suite', 'it needs root')).toThrow('it needs root');
});
