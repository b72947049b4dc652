import { describe, expect, test } from 'vitest';
import { librariesIn } from './shared-libraries.ts';

describe('what ldd says', () => {
  test('has libraries by their paths, and the loader, but not what the kernel provides', () => {
    const text = `	linux-vdso.so.1 (0x00007f26cf341000)
	libdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f26cf32b000)
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f26cee1e000)
	/lib64/ld-linux-x86-64.so.2 (0x00007f26cf343000)
`;
    expect(librariesIn(text)).toEqual([
      '/lib/x86_64-linux-gnu/libdl.so.2',
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  test('may be that there is nothing to load', () => {
    expect(librariesIn('\tstatically linked\n')).toEqual([]);
  });

  test('is an error for a library that is missing', () => {
    expect(() => librariesIn('\tlibtensorflow_cc.so.2 => not found\n')).toThrow(
      'The library libtensorflow_cc.so.2 was not found.',
    );
  });
});
