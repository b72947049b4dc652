/** Ctrl-C, SIGTERM and a closed terminal as an abort signal; the process lives on until the work has stopped. */
export function watchInterrupts(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, abort);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, abort);
    },
  };
}
