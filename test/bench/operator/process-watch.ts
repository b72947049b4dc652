import { readFile } from 'node:fs/promises';
import { setInterval as every } from 'node:timers/promises';

export interface ProcessSample {
  /** Since the sampling began. */
  readonly seconds: number;
  readonly residentBytes: number;
  /** Processor time that it has used since it was started. */
  readonly cpuSeconds: number;
}

export interface ProcessWatch extends AsyncDisposable {
  readonly samples: readonly ProcessSample[];
}

/** `USER_HZ`, in which the kernel counts processor time for everyone. */
const ticksPerSecond = 100;

/** Reads how much memory and processor time a process has used, once a second, until it is disposed of. */
export function watchProcess(pid: number): ProcessWatch {
  const samples: ProcessSample[] = [];
  const stopped = new AbortController();
  const begin = performance.now();
  const read = async (file: string) => await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const sampling = (async () => {
    for await (const _ of every(1000, undefined, { signal: stopped.signal })) {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await read('status'))?.[1];
      // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it.
      const fields = /\) (.*)$/s.exec(await read('stat'))?.[1]?.split(' ') ?? [];
      if (kilobytes === undefined) continue;
      samples.push({
        seconds: (performance.now() - begin) / 1000,
        residentBytes: Number(kilobytes) * 1024,
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      });
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
