// For tests: a wheel of a few bytes, and a `python3` that hands it out as pip would.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** The bytes of a ZIP archive with these files, stored without compression (PKWARE APPNOTE 4.3). */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const facts = Buffer.alloc(26); // The part that local and central headers share: version needed to extra length.
    facts.writeUInt16LE(20, 0);
    facts.writeUInt32LE(crc32(content), 10);
    facts.writeUInt32LE(content.length, 14);
    facts.writeUInt32LE(content.length, 18);
    facts.writeUInt16LE(name.length, 22);
    const rest = Buffer.alloc(14); // Comment length, disk, attributes, offset of the local header.
    rest.writeUInt32LE(offset, 10);
    bodies.push(Buffer.from('PK\u0003\u0004'), facts, Buffer.from(name), content);
    directory.push(Buffer.from('PK\u0001\u0002\u0014\0'), facts, rest, Buffer.from(name));
    offset += 4 + facts.length + name.length + content.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(files).length, 4);
  end.writeUInt16LE(Object.keys(files).length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, central, Buffer.from('PK\u0005\u0006'), end]);
}

/** Writes a program into `folder/bin` and answers a PATH on which it comes first. */
export async function fakeProgram(folder: string, name: string, script: string): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, name), 0o755);
  return `${bin}:${process.env['PATH'] ?? ''}`;
}
