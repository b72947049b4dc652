import { readFile } from 'node:fs/promises';

/** How many modules a library has for each compute capability (90 for 9.0). */
export interface GpuCode {
  readonly native: Readonly<Record<string, number>>;
  /** In NVIDIA's intermediate language, for that capability and later ones. */
  readonly ptx: Readonly<Record<string, number>>;
}

const containerMagic = Buffer.from([0x50, 0xed, 0x55, 0xba]);
const containerHeaderBytes = 16;
const kinds: Readonly<Record<number, keyof GpuCode>> = { 1: 'ptx', 2: 'native' };

/**
 * Counts the modules in the fat binaries of a library: containers of a header (magic, version and header size as 16 bits
 * each, content size as 64) and modules, each with a header of its own: kind (16 bits), its size at byte 4, that of the
 * content at byte 8, the capability at byte 28. `cuobjdump --list-elf --list-ptx` shows the same.
 */
export async function gpuCode(library: string): Promise<GpuCode> {
  const bytes = await readFile(library);
  const code: Record<keyof GpuCode, Record<string, number>> = { native: {}, ptx: {} };
  let at = bytes.indexOf(containerMagic);
  while (at >= 0) {
    const end = containerEnd(bytes, at);
    if (end !== undefined) countModules(bytes.subarray(at + containerHeaderBytes, end), code);
    at = bytes.indexOf(containerMagic, end ?? at + containerMagic.length);
  }
  return code;
}

/** Undefined where the four bytes are there by chance. */
function containerEnd(bytes: Buffer, at: number): number | undefined {
  if (at + containerHeaderBytes > bytes.length) return undefined;
  if (bytes.readUInt16LE(at + 4) !== 1 || bytes.readUInt16LE(at + 6) !== containerHeaderBytes)
    return undefined;
  const end = at + containerHeaderBytes + Number(bytes.readBigUInt64LE(at + 8));
  return end > bytes.length ? undefined : end;
}

function countModules(modules: Buffer, code: Record<keyof GpuCode, Record<string, number>>): void {
  let at = 0;
  while (at + 32 <= modules.length) {
    const kind = kinds[modules.readUInt16LE(at)];
    const capability = modules.readUInt32LE(at + 28);
    if (kind !== undefined) code[kind][capability] = (code[kind][capability] ?? 0) + 1;
    const size = modules.readUInt32LE(at + 4) + Number(modules.readBigUInt64LE(at + 8));
    if (size === 0) return;
    at += size;
  }
}
