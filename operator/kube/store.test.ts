import { describe, expect, it } from 'vitest';
import { Store } from './store.ts';

const object = (name: string, uid: string, resourceVersion: string, owner = 'none') => ({
  metadata: { namespace: 'lab', name, uid, resourceVersion },
  owner,
});

const newStore = () => new Store({ owner: ({ owner }: ReturnType<typeof object>) => [owner] });

describe('a store', () => {
  it('says what each object changed', () => {
    const store = newStore();
    const [first, second] = [object('a', '1', '10'), object('a', '1', '11')];
    expect(store.apply(first)).toEqual([{ type: 'Added', object: first }]);
    expect(store.apply(first)).toEqual([]);
    expect(store.apply(second)).toEqual([{ type: 'Updated', object: second, previous: first }]);
    expect(store.remove(second)).toEqual([{ type: 'Deleted', object: second }]);
    expect(store.remove(second)).toEqual([]);
    expect(store.size).toBe(0);
  });

  it('takes an object with another UID for another object', () => {
    const store = newStore();
    const [old, young] = [object('a', '1', '10', 'x'), object('a', '2', '11', 'y')];
    store.apply(old);
    expect(store.apply(young)).toEqual([
      { type: 'Deleted', object: old },
      { type: 'Added', object: young },
    ]);
    expect(store.byIndex('owner', 'x')).toEqual([]);
    expect(store.byIndex('owner', 'y')).toEqual([young]);
  });

  it('keeps an object when the end of an earlier one of its name is heard late', () => {
    const store = newStore();
    const [old, young] = [object('a', '1', '10'), object('a', '2', '11')];
    store.apply(young);
    expect(store.remove(old)).toEqual([]);
    expect(store.get('lab/a')).toBe(young);
  });

  it('moves an object from one value of an index to another', () => {
    const store = newStore();
    store.apply(object('a', '1', '10', 'x'));
    store.apply(object('b', '2', '11', 'x'));
    const moved = object('a', '1', '12', 'y');
    store.apply(moved);
    expect(store.byIndex('owner', 'x')).toEqual([object('b', '2', '11', 'x')]);
    expect(store.byIndex('owner', 'y')).toEqual([moved]);
  });

  it('becomes what a list has, the same name under another UID included', () => {
    const store = newStore();
    const [a, b, c] = [object('a', '1', '10'), object('b', '2', '11'), object('c', '3', '12')];
    for (const each of [a, b, c]) store.apply(each);
    const [again, added] = [object('b', '5', '20'), object('d', '4', '13')];
    expect(store.replace([again, c, added])).toEqual([
      { type: 'Deleted', object: a },
      { type: 'Deleted', object: b },
      { type: 'Added', object: again },
      { type: 'Added', object: added },
    ]);
    expect(store.list()).toEqual(expect.arrayContaining([again, c, added]));
    expect(store.size).toBe(3);
  });
});
