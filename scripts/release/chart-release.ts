import { parseDocument, type Document } from 'yaml';
import { InvalidInputError } from '../../common/error.ts';

/** What a release pins in its chart. */
export interface ChartRelease {
  /** Where the images are: `ghcr.io/example`. */
  readonly images: string;
  /** By the name of the image: `operator`, `worker-cpu`, `worker-cuda`. */
  readonly digests: Readonly<Record<string, string>>;
  /** `owner/name` on GitHub. */
  readonly repository: string;
  /** What the changelog says of this version. */
  readonly notes: string;
}

/** Runs on machines with and without a GPU. */
const defaultWorker = 'worker-cuda';
/** Smaller, and enough for a test on a CPU. */
const testWorker = 'worker-cpu';

/** values.yaml with the images of the release, by digest: what was signed is what runs. */
export function pinnedValues(values: string, release: ChartRelease): string {
  const document = parseDocument(values);
  pin(document, ['image'], { ...release, name: 'operator' });
  pin(document, ['worker', 'image'], { ...release, name: defaultWorker });
  pin(document, ['test', 'image'], { ...release, name: testWorker });
  return write(document);
}

/** Chart.yaml with what Artifact Hub shows of a release. */
export function annotatedChart(chart: string, release: ChartRelease): string {
  const document = parseDocument(chart);
  const url = `https://github.com/${release.repository}`;
  document.set('home', url);
  document.set('sources', [url]);
  const images = Object.keys(release.digests)
    .sort()
    .map((name) => ({ name, image: `${repositoryOf(release, name)}@${digestOf(release, name)}` }));
  const links = [
    { name: 'documentation', url: `${url}#readme` },
    { name: 'security policy', url: `${url}/blob/HEAD/SECURITY.md` },
    { name: 'support', url: `${url}/issues` },
  ];
  const version = String(document.get('version'));
  annotate(document, 'images', images);
  annotate(document, 'links', links);
  annotate(document, 'changes', changesIn(release.notes));
  document.setIn(['annotations', 'artifacthub.io/prerelease'], String(version.includes('-')));
  return write(document);
}

interface Change {
  readonly kind: string;
  readonly description: string;
}

/** Artifact Hub takes the kinds of Keep a Changelog, in lower case. */
export function changesIn(notes: string): readonly Change[] {
  const changes: { kind: string; description: string }[] = [];
  let kind = 'changed';
  let isOpen = false;
  for (const line of notes.split('\n')) {
    const [, title] = /^### (\w+)$/.exec(line) ?? [];
    if (title !== undefined) kind = title.toLowerCase();
    const [, entry] = /^- (.+)$/.exec(line) ?? [];
    if (entry !== undefined) changes.push({ kind, description: entry });
    const last = changes.at(-1);
    if (entry === undefined && isOpen && last !== undefined && /^ {2}\S/.test(line)) {
      last.description += ` ${line.trim()}`;
    }
    isOpen = entry !== undefined || (isOpen && /^ {2}\S/.test(line));
  }
  return changes;
}

function pin(
  document: Document,
  path: readonly string[],
  { name, ...release }: ChartRelease & { name: string },
): void {
  const given = { repository: repositoryOf(release, name), digest: digestOf(release, name) };
  for (const [key, value] of Object.entries(given)) {
    if (!document.hasIn([...path, key])) throw new Error(`values.yaml has no ${[...path, key].join('.')}.`);
    document.setIn([...path, key], value);
  }
}

function repositoryOf({ images }: Pick<ChartRelease, 'images'>, name: string): string {
  return `${images}/blockstill-${name}`;
}

/** @throws InvalidInputError `setup/image-digest` */
function digestOf({ digests }: Pick<ChartRelease, 'digests'>, name: string): string {
  const digest = digests[name];
  if (digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new InvalidInputError('setup/image-digest', `"${digest ?? ''}" is not the digest of an image.`, {
    where: name,
    hint: 'Give a folder with one file for each image, named after it, that holds what its registry says: sha256:...',
  });
}

function annotate(document: Document, name: string, value: readonly object[]): void {
  const text = write(parseDocument(JSON.stringify(value)));
  document.setIn(['annotations', `artifacthub.io/${name}`], text);
}

/** Lines are never folded: templates and readers go by them. */
function write(document: Document): string {
  return document.toString({ lineWidth: 0 });
}
