import { expect, test } from 'vitest';
import { releasesIn, withRelease } from './changelog.ts';
import { isVersion, versionProblems, withVersion, type VersionedFiles } from './versions.ts';

const changelog = `# Changelog

Words before it.

## [Unreleased]

### Added

- Something new.
`;

function filesOf(version: string, text = changelog): VersionedFiles {
  const head = `{\n  "name": "blockstill",\n  "version": "${version}",\n`;
  return {
    'package.json': `${head}  "dependencies": { "other": "9.9.9" }\n}\n`,
    'package-lock.json': `${head}  "packages": {\n    "": {\n      "name": "blockstill",\n      "version": "${version}",\n      "x": 1\n    },\n    "node_modules/other": {\n      "version": "9.9.9"\n    }\n  }\n}\n`,
    'helm/blockstill/Chart.yaml': `apiVersion: v2\nname: blockstill\n# Both.\nversion: ${version}\nappVersion: ${version}\nkubeVersion: '>=1.29.0-0'\n`,
    'CHANGELOG.md': text,
    'helm/manifests/operator.yaml': `    app.kubernetes.io/version: ${version}\n  image: 'localhost/blockstill-operator:${version}'\n  value: localhost/blockstill-worker:${version}\n  other: registry.k8s.io/pause:3.10\n`,
    'helm/examples/kustomize/kustomization.yaml': `images:\n  - newTag: ${version}\n  - newTag: ${version}\n`,
    'docs/quick-start.md': `kind load docker-image localhost/blockstill-operator:${version} localhost/blockstill-worker:${version}.\n`,
  };
}

test.each([
  ['1.2.3', true],
  ['0.1.0-rc.1', true],
  ['1.2', false],
  ['v1.2.3', false],
  ['1.02.3', false],
  ['1.2.3+build', false],
  ['1.2.3-', false],
  ['1.2.3 ', false],
])('"%s" is a version: %s', (text, answer) => {
  expect(isVersion(text)).toBe(answer);
});

test('all places get the version, and nothing else changes', () => {
  expect(withVersion(filesOf('0.1.0'), '1.0.0-rc.1')).toEqual(filesOf('1.0.0-rc.1'));
});

test('a file in which the version is not found is not left as it is in silence', () => {
  expect(() => withVersion({ ...filesOf('0.1.0'), 'package.json': '{}' }, '1.0.0')).toThrow('package.json');
});

test('every place that differs is named', () => {
  const all = filesOf('0.1.0');
  const chart = all['helm/blockstill/Chart.yaml'] ?? '';
  const files = {
    ...all,
    'helm/blockstill/Chart.yaml': chart.replace('appVersion: 0.1.0', 'appVersion: 0.0.9'),
  };
  expect(versionProblems(files)).toEqual(['helm/blockstill/Chart.yaml: appVersion is 0.0.9, not 0.1.0.']);
  const lock = (all['package-lock.json'] ?? '').replace(
    '      "version": "0.1.0"',
    '      "version": "0.2.0"',
  );
  expect(versionProblems({ ...filesOf('0.1.0'), 'package-lock.json': lock })).toEqual([
    'package-lock.json: the version of the package itself is 0.2.0, not 0.1.0.',
  ]);
});

test.each([
  ['helm/manifests/operator.yaml', 'version: 0.1.0', 'version: 0.0.9', 'the label app.kubernetes.io/version'],
  ['helm/manifests/operator.yaml', 'operator:0.1.0', 'operator:0.0.9', 'the tag of an image'],
  ['helm/manifests/operator.yaml', 'worker:0.1.0', 'worker:0.0.9', 'the tag of an image'],
  ['helm/examples/kustomize/kustomization.yaml', 'newTag: 0.1.0', 'newTag: 0.0.9', 'newTag'],
  ['docs/quick-start.md', 'worker:0.1.0', 'worker:0.0.9', 'the tag of an image'],
])('one stale place in %s is named: %s', (file, now, stale, name) => {
  const files = filesOf('0.1.0');
  const changed = { ...files, [file]: (files[file] ?? '').replace(now, stale) };
  expect(versionProblems(changed)).toEqual([`${file}: ${name} is 0.0.9, not 0.1.0.`]);
});

test('before the first release there is only what is unreleased, and nothing that a tag could mean', () => {
  expect(versionProblems(filesOf('0.1.0'))).toEqual([]);
  expect(versionProblems(filesOf('0.1.0'), 'v0.1.0')).toEqual([
    'CHANGELOG.md: the newest release is missing, not 0.1.0.',
  ]);
});

test('a release is what was unreleased until then', () => {
  const released = withRelease(changelog, '0.1.0', '2027-01-31');
  expect(releasesIn(released)).toEqual([
    { version: 'Unreleased', date: undefined, text: '' },
    { version: '0.1.0', date: '2027-01-31', text: '### Added\n\n- Something new.' },
  ]);
  expect(
    released.startsWith('# Changelog\n\nWords before it.\n\n## [Unreleased]\n\n## [0.1.0] - 2027-01-31\n'),
  ).toBe(true);
  const files = filesOf('0.1.0', released);
  expect(versionProblems(files, 'v0.1.0')).toEqual([]);
  expect(versionProblems(files, 'v0.1.1')).toEqual(['The tag v0.1.1 is not v0.1.0.']);
  expect(versionProblems(filesOf('0.2.0', released))).toEqual([
    'CHANGELOG.md: the newest release is 0.1.0, not 0.2.0.',
  ]);
  // With nothing new there is nothing to release.
  expect(() => withRelease(released, '0.2.0', '2027-02-01')).toThrow('nothing under');
});

test('a changelog with a heading that is none of a release is refused', () => {
  expect(() => releasesIn('# C\n\n## 1.0.0\n')).toThrow('"## 1.0.0"');
  expect(versionProblems(filesOf('0.1.0', `${changelog}\n## [0.1.0]\n\n- No date.\n`))).toEqual([
    'CHANGELOG.md: [0.1.0] has no version, no date or no text.',
  ]);
});
