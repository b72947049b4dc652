/**
 * The value, or undefined when it isn't there in time. An answer that came while this thread was blocked is in time: what
 * has arrived is heard before the deadline is believed.
 */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  // Timers come before messages in a turn of the event loop, immediates after them.
  const timer = setTimeout(() => setImmediate(() => resolve(undefined)), milliseconds);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
