/** Runs `work` on up to `limit` items at once and yields the results in the order of the items. */
export async function* mapInOrder<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncIterable<Result> {
  const running: Promise<Result>[] = [];
  try {
    for (const item of items) {
      running.push(work(item));
      const first = running.length >= limit ? running.shift() : undefined;
      if (first !== undefined) yield await first;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    // After an error or an early end nobody waits for the rest; they must not become unhandled rejections.
    await Promise.allSettled(running);
  }
}
