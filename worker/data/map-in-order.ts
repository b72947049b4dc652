/** Runs `work` on up to `limit` items at once and yields the results in the order of the items. */
export async function* mapInOrder<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncIterable<Result> {
  const running: Promise<Result>[] = [];
  try {
    for (const item of items) {
      const result = work(item);
      // It may fail while an earlier one is still awaited; that is no unhandled rejection, its turn comes.
      result.catch(() => undefined);
      running.push(result);
      const first = running.length >= limit ? running.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    // After an error or an early end nobody waits for the rest; they must not become unhandled rejections.
    await Promise.allSettled(running);
  }
}
