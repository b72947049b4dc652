import { expect, test } from 'vitest';
import { sharingOf, type SharingFacts } from './sharing.ts';

const alone: SharingFacts = {
  mig: false,
  mpsClient: false,
  mpsProcesses: [],
  processes: [],
  ownProcess: 100,
};

const mps = 'the GPU is used through a Multi-Process Service (MPS), which others may use as well';

test.each<{ name: string; facts: Partial<SharingFacts>; kind: string; because?: string }>([
  { name: 'nobody computes on it yet', facts: {}, kind: 'None' },
  { name: 'only this process does', facts: { processes: [100] }, kind: 'None' },
  {
    name: 'another one does',
    facts: { processes: [7] },
    kind: 'Shared',
    because: 'another process computes on the GPU',
  },
  {
    name: 'others do, too',
    facts: { processes: [7, 100, 8] },
    kind: 'Shared',
    because: '2 other processes compute on the GPU',
  },
  // In a container, where ids are of no use.
  { name: 'none does, in a container', facts: { ownProcess: undefined }, kind: 'Unknown' },
  { name: 'one does, in a container', facts: { ownProcess: undefined, processes: [7] }, kind: 'Unknown' },
  {
    name: 'two do, in a container',
    facts: { ownProcess: undefined, processes: [7, 100] },
    kind: 'Shared',
    because: '2 processes compute on the GPU',
  },
  { name: 'the driver can not list them', facts: { processes: undefined }, kind: 'Unknown' },
  {
    name: 'it is split by MIG',
    facts: { mig: true, processes: [100] },
    kind: 'Shared',
    because: 'MIG is on, and the card measures all its instances together',
  },
  { name: 'this process goes through MPS', facts: { mpsClient: true }, kind: 'Shared', because: mps },
  {
    name: 'others go through MPS, in a container',
    facts: { mpsProcesses: [7], ownProcess: undefined },
    kind: 'Shared',
    because: mps,
  },
])('a card of which $name', ({ facts, kind, because }) => {
  const reason = because === undefined ? {} : { reason: `not attributable: ${because}` };
  expect(sharingOf({ ...alone, ...facts })).toEqual({ kind, ...reason });
});
