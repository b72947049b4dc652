import { afterEach, expect, test, vi } from 'vitest';
import { chromiumProgram, whyNoBrowser } from './chromium.ts';

afterEach(() => vi.unstubAllEnvs());

test('a browser that somebody names is used in place of that of Debian', async () => {
  vi.stubEnv('BLOCKSTILL_CHROMIUM', process.execPath);
  expect(chromiumProgram()).toBe(process.execPath);
  expect(await whyNoBrowser()).toBeUndefined();
});

test('without one, the reason says how to get it', async () => {
  vi.stubEnv('BLOCKSTILL_CHROMIUM', '/nowhere/chromium');
  expect(await whyNoBrowser()).toMatch(
    /^there is no \/nowhere\/chromium; node scripts\/setup-browser\.ts installs it/,
  );
});
