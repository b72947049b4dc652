/**
 * Ctrl-C, SIGTERM and a closed terminal as an abort signal; the process lives on until the work has stopped.
 *
 * @param reader - output that the work is done for: when nobody reads it any more, as behind `| head`, that stops it too
 */
export function watchInterrupts(
  reader?: NodeJS.WritableStream,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, abort);
  reader?.on('error', abort);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, abort);
      reader?.off('error', abort);
    },
  };
}
