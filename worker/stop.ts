/**
 * Listens for the signals that tell a worker to stop. It is the first module that the program imports: as the first
 * process of a container it would otherwise not even notice a signal that comes while the rest is loaded.
 */
const controller = new AbortController();

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, requestStop);

/** Aborted when the worker is told to stop. */
export const stopSignal: AbortSignal = controller.signal;

/** As a signal does: the work is checkpointed and ends. */
export function requestStop(): void {
  controller.abort();
}
