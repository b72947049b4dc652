import { expect, test } from 'vitest';
import { canonicalJson, digestOfBytes, digestOfJson } from './digest.ts';

test('the digest of bytes is their SHA-256', () => {
  // From FIPS 180-2, appendix B.1.
  expect(digestOfBytes('abc')).toBe(
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('equal values have equal text, whatever the order of their members', () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined })).toBe('{"b":[{"c":2,"d":1}]}');
  expect(digestOfJson({ x: 1, y: 2 })).toBe(digestOfJson({ y: 2, x: 1 }));
});
