import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { annotatedChart, changesIn, pinnedValues } from './chart-release.ts';

const digests = {
  operator: `sha256:${'a'.repeat(64)}`,
  'worker-cpu': `sha256:${'b'.repeat(64)}`,
  'worker-cuda': `sha256:${'c'.repeat(64)}`,
};
const release = { images: 'ghcr.io/example', digests, repository: 'example/blockstill', notes: '' };
const values = `# What runs.
image:
  repository: localhost/blockstill-operator
  digest: ''
worker:
  image:
    # Long words that a writer of YAML would like to fold ${'and fold '.repeat(12)}again.
    repository: localhost/blockstill-worker
    digest: ''
test:
  image:
    repository: ''
    digest: ''
`;

test('values name the images by digest, and keep their comments', () => {
  const pinned = pinnedValues(values, release);
  expect(parse(pinned)).toEqual({
    image: { repository: 'ghcr.io/example/blockstill-operator', digest: digests.operator },
    worker: {
      image: { repository: 'ghcr.io/example/blockstill-worker-cuda', digest: digests['worker-cuda'] },
    },
    test: { image: { repository: 'ghcr.io/example/blockstill-worker-cpu', digest: digests['worker-cpu'] } },
  });
  const comments = (text: string): readonly string[] => text.split('\n').filter((line) => line.includes('#'));
  expect(comments(pinned)).toEqual(comments(values));
});

test('values without a place for an image are refused', () => {
  expect(() => pinnedValues(values.replace('worker\n    digest', 'worker\n    sum'), release)).toThrow(
    'worker.image.digest',
  );
});

test.each([{ operator: '' }, { operator: 'latest' }, {}])('%o is no digest of the operator', (wrong) => {
  expect(() => pinnedValues(values, { ...release, digests: wrong })).toThrow('is not the digest of an image');
});

test('the chart says which images it runs, and what is new', () => {
  const chart =
    "version: 1.0.0-rc.1\nkubeVersion: '>=1.29.0-0'\nannotations:\n  artifacthub.io/operator: 'true'\n";
  const notes = '### Fixed\n\n- A job that\n  waits.\n';
  const { annotations, home, kubeVersion } = parse(annotatedChart(chart, { ...release, notes })) as {
    annotations: Record<string, string>;
    home: string;
    kubeVersion: string;
  };
  expect({ home, kubeVersion }).toEqual({
    home: 'https://github.com/example/blockstill',
    kubeVersion: '>=1.29.0-0',
  });
  const read = (name: string): unknown => parse(annotations[`artifacthub.io/${name}`] ?? '');
  expect(read('images')).toEqual([
    { name: 'operator', image: `ghcr.io/example/blockstill-operator@${digests.operator}` },
    { name: 'worker-cpu', image: `ghcr.io/example/blockstill-worker-cpu@${digests['worker-cpu']}` },
    { name: 'worker-cuda', image: `ghcr.io/example/blockstill-worker-cuda@${digests['worker-cuda']}` },
  ]);
  expect(read('changes')).toEqual([{ kind: 'fixed', description: 'A job that waits.' }]);
  // Strings, as Helm wants annotations.
  expect(annotations).toMatchObject({
    'artifacthub.io/prerelease': 'true',
    'artifacthub.io/operator': 'true',
  });
});

test('changes have the kind of their heading', () => {
  const notes = '### Added\n\n- One.\n- Two, which\n  goes on.\n\nNot one.\n\n### Removed\n\n- Three.';
  expect(changesIn(notes)).toEqual([
    { kind: 'added', description: 'One.' },
    { kind: 'added', description: 'Two, which goes on.' },
    { kind: 'removed', description: 'Three.' },
  ]);
});
