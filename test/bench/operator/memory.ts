import { readFile } from 'node:fs/promises';
import { setInterval as every } from 'node:timers/promises';

export interface MemorySample {
  /** Since the sampling began. */
  readonly seconds: number;
  readonly residentBytes: number;
}

export interface MemoryWatch extends AsyncDisposable {
  readonly samples: readonly MemorySample[];
}

/** Reads how much memory a process has, once a second, until it is disposed of. */
export function watchMemory(pid: number): MemoryWatch {
  const samples: MemorySample[] = [];
  const stopped = new AbortController();
  const begin = performance.now();
  const sampling = (async () => {
    for await (const _ of every(1000, undefined, { signal: stopped.signal })) {
      const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
      if (kilobytes === undefined) continue;
      samples.push({ seconds: (performance.now() - begin) / 1000, residentBytes: Number(kilobytes) * 1024 });
    }
  })().catch(() => undefined);
  return {
    samples,
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      await sampling;
    },
  };
}
