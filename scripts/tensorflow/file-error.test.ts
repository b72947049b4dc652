import { expect, test } from 'vitest';
import { explainFileError } from './file-error.ts';

test.each([
  ['ENOSPC', 'setup/disk-full'],
  ['EDQUOT', 'setup/disk-full'],
  ['EROFS', 'setup/not-writable'],
  ['EACCES', 'setup/not-writable'],
])('%s is told as %s with the folder and the variable that moves it', (systemCode, code) => {
  const explained = explainFileError(Object.assign(new Error('write'), { code: systemCode }), '/cache');
  expect(explained).toMatchObject({
    code,
    message: expect.stringContaining('/cache') as unknown,
    hint: expect.stringContaining('BLOCKSTILL_CACHE') as unknown,
  });
});

test('any other error stays what it is', () => {
  const error = new Error('a defect');
  expect(explainFileError(error, '/cache')).toBe(error);
});
