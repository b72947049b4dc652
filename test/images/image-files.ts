import { createReadStream } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface FileOfImage {
  /** Absolute in the image. */
  readonly path: string;
  readonly mode: number;
  readonly owner: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly isFolder: boolean;
}

/** Everything in the folder of an image's files. */
export async function filesOfImage(folder: string): Promise<readonly FileOfImage[]> {
  const names = await readdir(folder, { recursive: true });
  return await Promise.all(
    names.toSorted().map(async (name) => {
      const facts = await lstat(join(folder, name));
      return {
        path: `/${name}`,
        mode: facts.mode & 0o7777,
        owner: facts.uid,
        time: facts.mtimeMs / 1000,
        isFolder: facts.isDirectory(),
      };
    }),
  );
}

/** Programs: what begins as ELF files or scripts do and may be executed, but for libraries. */
export async function programsOfImage(folder: string): Promise<readonly string[]> {
  const programs: string[] = [];
  for (const { path, mode, isFolder } of await filesOfImage(folder)) {
    if (isFolder || (mode & 0o111) === 0 || /\.so(\.|$)|\.node$/.test(path)) continue;
    await using file = await open(join(folder, path));
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const start = buffer.toString('latin1');
    if (start === '\u007FELF' || start.startsWith('#!')) programs.push(path);
  }
  return programs;
}

/** Which of some texts stand in which files. */
export async function textsInImage(folder: string, texts: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const longest = Math.max(...texts.map((text) => text.length));
  for (const { path, isFolder } of await filesOfImage(folder)) {
    if (isFolder) continue;
    let rest = Buffer.alloc(0);
    const inFile = new Set<string>();
    for await (const chunk of createReadStream(join(folder, path), { highWaterMark: 1 << 24 })) {
      const part = Buffer.concat([rest, chunk as Buffer]);
      for (const text of texts) if (part.includes(text)) inFile.add(text);
      rest = part.subarray(Math.max(0, part.length - longest));
    }
    found.push(...[...inFile].map((text) => `${path}: ${text}`));
  }
  return found;
}
