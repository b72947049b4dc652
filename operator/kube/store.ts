/** What a store must know of each object, whatever else is kept of it. */
export interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** Under which values an object is found, for each index. */
export type Indices<P, I extends string> = Readonly<Record<I, (object: P) => readonly string[]>>;

export type StoreChange<P> =
  | { readonly type: 'Added'; readonly object: P }
  | { readonly type: 'Updated'; readonly object: P; readonly previous: P }
  | { readonly type: 'Deleted'; readonly object: P };

/** `namespace/name`, or the name alone where there is no namespace: a key of the work queue. */
export function keyOf({ metadata: { namespace, name } }: Pick<StoredObject, 'metadata'>): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** The objects that are known of a resource; they are shared, so nobody changes them. */
export interface ReadonlyStore<P, I extends string> {
  get(key: string): P | undefined;
  list(): P[];
  /** In no particular order. */
  byIndex(index: I, value: string): P[];
  readonly size: number;
}

/**
 * Objects by key and by index. An object with another UID is another object, even where the name is the same: its coming
 * is the end of the old one and the beginning of a new one.
 */
export class Store<P extends StoredObject, I extends string> implements ReadonlyStore<P, I> {
  readonly #objects = new Map<string, P>();
  readonly #indices: Indices<P, I>;
  readonly #keysByIndex = new Map<I, Map<string, Set<string>>>();

  constructor(indices: Indices<P, I>) {
    this.#indices = indices;
    for (const index of Object.keys(indices) as I[]) this.#keysByIndex.set(index, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): P | undefined {
    return this.#objects.get(key);
  }

  list(): P[] {
    return [...this.#objects.values()];
  }

  byIndex(index: I, value: string): P[] {
    const keys = this.#keysByIndex.get(index)?.get(value) ?? [];
    return [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Takes in an object as it is now, and answers what that changed: nothing if it is known in this version. */
  apply(object: P): StoreChange<P>[] {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous === undefined) {
      this.#set(key, object);
      return [{ type: 'Added', object }];
    }
    const { uid, resourceVersion } = previous.metadata;
    if (uid !== object.metadata.uid) {
      this.#delete(key, previous);
      this.#set(key, object);
      return [
        { type: 'Deleted', object: previous },
        { type: 'Added', object },
      ];
    }
    if (resourceVersion === object.metadata.resourceVersion) return [];
    this.#delete(key, previous);
    this.#set(key, object);
    return [{ type: 'Updated', object, previous }];
  }

  /** Forgets an object; the end of an earlier one of the same name changes nothing. */
  remove(object: P): StoreChange<P>[] {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous === undefined || previous.metadata.uid !== object.metadata.uid) return [];
    this.#delete(key, previous);
    return [{ type: 'Deleted', object }];
  }

  /** Makes these all there are. */
  replace(objects: readonly P[]): StoreChange<P>[] {
    const keys = new Set(objects.map(keyOf));
    const gone = [...this.#objects].filter(([key]) => !keys.has(key));
    const changes = gone.map(([key, object]): StoreChange<P> => {
      this.#delete(key, object);
      return { type: 'Deleted', object };
    });
    for (const object of objects) changes.push(...this.apply(object));
    return changes;
  }

  #set(key: string, object: P): void {
    this.#objects.set(key, object);
    this.#eachIndexed(object, (keys, value) => {
      const known = keys.get(value);
      if (known === undefined) keys.set(value, new Set([key]));
      else known.add(key);
    });
  }

  #delete(key: string, object: P): void {
    this.#objects.delete(key);
    this.#eachIndexed(object, (keys, value) => {
      const known = keys.get(value);
      known?.delete(key);
      if (known?.size === 0) keys.delete(value);
    });
  }

  #eachIndexed(object: P, visit: (keys: Map<string, Set<string>>, value: string) => void): void {
    for (const [index, keys] of this.#keysByIndex) {
      for (const value of this.#indices[index](object)) visit(keys, value);
    }
  }
}
