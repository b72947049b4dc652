import { releasesIn, unreleased } from './changelog.ts';

/** The texts of the files that may name the version of a release, by path: one for package, chart and images. */
export type VersionedFiles = Readonly<Record<string, string>>;

/** Where those files lie, as patterns of paths. */
export const versionedFiles: readonly string[] = [
  'package.json',
  'package-lock.json',
  'CHANGELOG.md',
  'README.md',
  'docs/**/*.md',
  'helm/blockstill/Chart.yaml',
  'helm/manifests/*.yaml',
  'helm/examples/**/*.yaml',
];

/** Semantic Versioning 2.0.0, without build metadata, which tags of images can't have. */
const semanticVersion =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?$/;

export function isVersion(text: string): boolean {
  return semanticVersion.test(text);
}

interface Place {
  readonly name: string;
  /** What names the version: around it, `$1` and `$3`. */
  readonly at: RegExp;
}

/** What a file has once. */
const places: readonly (Place & { readonly file: string })[] = [
  { file: 'package.json', name: 'version', at: /^(\{\n {2}"name": "[^"]*",\n {2}"version": ")([^"]*)(")/ },
  {
    file: 'package-lock.json',
    name: 'version',
    at: /^(\{\n {2}"name": "[^"]*",\n {2}"version": ")([^"]*)(")/,
  },
  {
    file: 'package-lock.json',
    name: 'the version of the package itself',
    at: /(\n {4}"": \{\n {6}"name": "[^"]*",\n {6}"version": ")([^"]*)(")/,
  },
  { file: 'helm/blockstill/Chart.yaml', name: 'version', at: /^(version: )(\S+)($)/m },
  { file: 'helm/blockstill/Chart.yaml', name: 'appVersion', at: /^(appVersion: )(\S+)($)/m },
];

/** What any manifest or page may have, as often as it likes. */
const mentions: readonly Place[] = [
  { name: 'the label app.kubernetes.io/version', at: /(\bapp\.kubernetes\.io\/version: ["']?)([\w.-]+)()/g },
  { name: 'newTag', at: /(\bnewTag: ["']?)([\w.-]+)()/g },
  {
    name: 'the tag of an image',
    at: /(\/blockstill-(?:operator|worker)(?:-\w+)?:)(\d[\w.-]*\w)()/g,
  },
];

function isPage(file: string): boolean {
  return !places.some((place) => place.file === file) && file !== 'CHANGELOG.md';
}

/** The files with another version. What a release says is written into the changelog by `withRelease`. */
export function withVersion(files: VersionedFiles, version: string): VersionedFiles {
  const changed: Record<string, string> = { ...files };
  for (const { file, name, at } of places) {
    const text = changed[file] ?? '';
    if (!at.test(text)) throw new Error(`${file} has no ${name} where it is looked for.`);
    changed[file] = text.replace(at, `$1${version}$3`);
  }
  for (const [file, text] of Object.entries(files).filter(([each]) => isPage(each))) {
    changed[file] = mentions.reduce((rest, { at }) => rest.replaceAll(at, `$1${version}$3`), text);
  }
  return changed;
}

/**
 * What is wrong with the versions, a sentence each.
 *
 * @param tag of a release, such as `v1.2.3`, which has to be the version and to have its section in the changelog
 */
export function versionProblems(files: VersionedFiles, tag?: string): readonly string[] {
  const once = places.map(({ file, name, at }) => ({ file, name, version: at.exec(files[file] ?? '')?.[2] }));
  const version = once[0]?.version ?? '';
  const problems = [...once, ...mentionsIn(files)]
    .filter((place) => place.version !== version)
    .map((place) => `${place.file}: ${place.name} is ${place.version ?? 'missing'}, not ${version}.`);
  if (!isVersion(version)) problems.push(`package.json: "${version}" is not a version such as 1.2.3.`);
  if (tag !== undefined && tag !== `v${version}`) problems.push(`The tag ${tag} is not v${version}.`);
  return [...problems, ...changelogProblems(files['CHANGELOG.md'] ?? '', { version, tag })];
}

function mentionsIn(files: VersionedFiles) {
  const pages = Object.entries(files).filter(([file]) => isPage(file));
  return pages.flatMap(([file, text]) =>
    mentions.flatMap(({ name, at }) =>
      [...text.matchAll(at)].map(([, , version]) => ({ file, name, version })),
    ),
  );
}

function changelogProblems(
  changelog: string,
  { version, tag }: { readonly version: string; readonly tag: string | undefined },
): readonly string[] {
  const [first, ...released] = releasesIn(changelog);
  const problems: string[] = [];
  if (first?.version !== unreleased || first.date !== undefined) {
    problems.push(`CHANGELOG.md: the first section is not "## [${unreleased}]".`);
  }
  for (const section of released) {
    if (isVersion(section.version) && section.date !== undefined && section.text !== '') continue;
    problems.push(`CHANGELOG.md: [${section.version}] has no version, no date or no text.`);
  }
  // Before the first release, the version is that of the one to come.
  const newest = released[0]?.version;
  if (newest === undefined ? tag !== undefined : newest !== version) {
    problems.push(`CHANGELOG.md: the newest release is ${newest ?? 'missing'}, not ${version}.`);
  }
  return problems;
}
