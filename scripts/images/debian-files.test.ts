import { expect, test } from 'vitest';
import { packagesIn } from './debian-files.ts';

test('what dpkg says of files names each package once, and nothing that only stands in its way', () => {
  const text = `diversion by libc6 from: /lib64/ld-linux-x86-64.so.2
libstdc++6:amd64: /usr/lib/x86_64-linux-gnu/libstdc++.so.6
libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6
libc6:amd64: /lib/x86_64-linux-gnu/libm.so.6
ca-certificates: /usr/sbin/update-ca-certificates
`;
  expect(packagesIn(text)).toEqual(['ca-certificates', 'libc6:amd64', 'libstdc++6:amd64']);
});
