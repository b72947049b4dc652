/** Everything that an iterable brings, once it has ended. */
export async function toArray<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}
