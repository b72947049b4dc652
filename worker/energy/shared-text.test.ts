import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { SharedText } from './shared-text.ts';

test('is read as it was written last', () => {
  const text = new SharedText();
  expect(text.read()).toBeUndefined();
  for (const written of ['one', '', 'größer', 'x'.repeat(128 * 1024)]) {
    text.write(written);
    expect(text.read()).toBe(written);
    expect(new SharedText(text.memory).read()).toBe(written);
  }
});

test('refuses what is too long, and keeps the last text', () => {
  const text = new SharedText();
  text.write('kept');
  expect(() => text.write('x'.repeat(128 * 1024 + 1))).toThrow('131073 bytes');
  expect(text.read()).toBe('kept');
});

test('is read again when it was written twice meanwhile, so that its place was used anew', () => {
  const text = new SharedText();
  text.write('first');
  const load: (memory: Int32Array, index: number) => number = Atomics.load;
  let loads = 0;
  const spy = vi.spyOn(Atomics as { load: typeof load }, 'load').mockImplementation((memory, index) => {
    loads += 1;
    const value = load(memory, index);
    // The reader knows by now where the text is and how long.
    if (loads === 2) {
      text.write('second');
      text.write('the third, which is longer');
    }
    return value;
  });
  try {
    expect(text.read()).toBe('the third, which is longer');
  } finally {
    spy.mockRestore();
  }
});

test('is never read half written, however fast another thread writes', async () => {
  const text = new SharedText();
  const program = `
    const { workerData } = require('node:worker_threads');
    import(workerData.module).then(({ SharedText }) => {
      const text = new SharedText(workerData.memory);
      for (let count = 0; count < 20000; count += 1) {
        text.write(String.fromCharCode(97 + (count % 26)).repeat(1 + (count % 5000)));
      }
      text.write('end');
    });`;
  const module = new URL('shared-text.ts', import.meta.url).href;
  const thread = new Worker(program, { eval: true, workerData: { module, memory: text.memory } });
  const mixed: string[] = [];
  let reads = 0;
  for (let last; last !== 'end'; reads += 1) {
    last = text.read();
    if (last !== undefined && last !== 'end' && new Set(last).size !== 1) mixed.push(last);
  }
  expect(mixed).toEqual([]);
  expect(reads).toBeGreaterThan(100);
  await thread.terminate();
});
