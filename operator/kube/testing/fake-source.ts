import { ApiError } from '../api-error.ts';
import type { ObjectList } from '../list.ts';
import type { ListWatch } from '../reflector.ts';
import type { WatchEvent } from '../watch.ts';
import type { Widget } from './resources.ts';

interface Change {
  readonly version: number;
  readonly event: WatchEvent<Widget>;
}

interface Stream {
  end?: Error | 'in order';
  wake?: () => void;
}

export const expired = (): ApiError =>
  new ApiError({ httpStatus: 410, status: { kind: 'Status', reason: 'Expired' }, where: 'WATCH' });

/** The API server's part in list and watch, in memory: one history, which may be forgotten up to now. */
export class FakeSource implements ListWatch<Widget> {
  readonly objects = new Map<string, Widget>();
  lists = 0;
  watches: string[] = [];
  /** What the next lists and watches fail with. */
  readonly failures: Error[] = [];
  #version = 1;
  #forgotten = 0;
  #uids = 0;
  readonly #history: Change[] = [];
  readonly #streams = new Set<Stream>();

  /** Creates or changes the object of this name. */
  write(name: string, colour: string): void {
    const existing = this.objects.get(name);
    const uid = existing?.metadata.uid ?? `uid-${(this.#uids += 1)}`;
    const version = (this.#version += 1);
    const object = {
      metadata: { namespace: 'lab', name, uid, resourceVersion: `${version}`, labels: { colour, more: 'x' } },
      spec: { large: 'x' },
    };
    this.objects.set(name, object);
    this.#publish({ version, event: { type: existing === undefined ? 'ADDED' : 'MODIFIED', object } });
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.objects.delete(name);
    const version = (this.#version += 1);
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } };
    this.#publish({ version, event: { type: 'DELETED', object: last } });
  }

  bookmark(): void {
    const object = { metadata: { resourceVersion: `${this.#version}` } };
    this.#publish({ version: this.#version, event: { type: 'BOOKMARK', object } });
  }

  /** From here on, nobody can go on from an earlier version. */
  forget(): void {
    this.#forgotten = this.#version;
  }

  /** Ends all watches, with what they have not brought yet unread. */
  cut(end: Error | 'in order'): void {
    for (const stream of this.#streams) {
      stream.end = end;
      stream.wake?.();
    }
  }

  async list<P>(project: (object: Widget) => P): Promise<ObjectList<P>> {
    this.lists += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    return { items: [...this.objects.values()].map(project), resourceVersion: `${this.#version}` };
  }

  async *watch({
    resourceVersion,
    signal,
  }: Parameters<ListWatch<Widget>['watch']>[0]): AsyncGenerator<WatchEvent<Widget>> {
    this.watches.push(resourceVersion);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    let position = Number(resourceVersion);
    if (position < this.#forgotten) throw expired();
    const stream: Stream = {};
    this.#streams.add(stream);
    const abort = (): void => stream.wake?.();
    signal.addEventListener('abort', abort);
    try {
      let read = this.#history.findIndex(({ version }) => version > position);
      if (read === -1) read = this.#history.length;
      for (;;) {
        signal.throwIfAborted();
        if (stream.end === 'in order') return;
        if (stream.end !== undefined) throw stream.end;
        const change = this.#history[read];
        if (change === undefined) {
          await new Promise<void>((resolve) => (stream.wake = resolve));
          continue;
        }
        read += 1;
        position = change.version;
        yield change.event;
      }
    } finally {
      signal.removeEventListener('abort', abort);
      this.#streams.delete(stream);
    }
  }

  #publish(change: Change): void {
    this.#history.push(change);
    for (const stream of this.#streams) stream.wake?.();
  }
}
