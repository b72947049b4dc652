import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document } from 'yaml';
import { InvalidInputError } from '../common/error.ts';
import { apiVersion, distillationJob, kind, type DistillationJob } from './distillation-job.ts';
import { structuralSchema } from './json-schema.ts';
import { describeIssues, pathText, type Problem } from './problems.ts';

interface PlacedProblem {
  readonly line: number;
  readonly text: string;
}

/**
 * Reads one DistillationJob from YAML or JSON text, as it is written: `compileJob` fills in the defaults.
 *
 * A `status`, as `kubectl get -o yaml` prints it, is left out.
 *
 * @param fileName - names the file in errors
 * @throws InvalidInputError `manifest/invalid` with every problem, each with its line and field
 */
export function parseDistillationJob(text: string, fileName: string): DistillationJob {
  const lines = new LineCounter();
  const document = onlyDocument(text, fileName, lines);
  const manifest = contentOf(document, fileName);
  const wrongKind = problemsOfKind(manifest);
  const problems = wrongKind.length > 0 ? wrongKind : problemsOfManifest(withoutStatus(manifest));
  if (problems.length > 0) {
    throw invalidManifest(
      fileName,
      problems.map(({ path, message }) => ({
        line: lineOf(document, path, lines),
        text: path.length === 0 ? message : `${pathText(path)}: ${message}`,
      })),
    );
  }
  return withoutStatus(manifest) as DistillationJob;
}

/** What is wrong with a resource, whether it came from a file or from the API server. */
export function problemsOfManifest(manifest: unknown): Problem[] {
  const result = distillationJob.safeParse(manifest);
  return result.success ? [] : describeIssues(result.error.issues, manifest, structuralSchema());
}

function onlyDocument(text: string, fileName: string, lineCounter: LineCounter): Document {
  const documents = [...parseAllDocuments(text, { lineCounter, prettyErrors: false, merge: true })];
  const errors = documents.flatMap((document) => document.errors);
  if (errors.length > 0) {
    throw invalidManifest(
      fileName,
      errors.map((error) => ({
        line: lineCounter.linePos(error.pos[0]).line,
        text: `not valid YAML: ${error.message}`,
      })),
    );
  }
  const filled = documents.filter((document) => !isNothing(document));
  const [first, second] = filled;
  if (first === undefined) {
    throw invalidManifest(fileName, [{ line: 1, text: `is empty; a ${kind} is expected` }]);
  }
  if (second !== undefined) {
    const line = lineCounter.linePos(second.contents?.range?.[0] ?? 0).line;
    throw invalidManifest(fileName, [
      { line, text: `a second document begins here (${filled.length} in all); keep one ${kind} in a file` },
    ]);
  }
  return first;
}

function isNothing({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

/** @throws InvalidInputError when aliases would make a small text into a huge manifest */
function contentOf(document: Document, fileName: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw invalidManifest(fileName, [{ line: 1, text: `not usable YAML: ${error.message}` }]);
  }
}

function problemsOfKind(manifest: unknown): Problem[] {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    return [
      { path: [], message: `must be a ${kind}: a group of fields with apiVersion, kind, metadata and spec` },
    ];
  }
  const given = manifest as Record<string, unknown>;
  return [['kind', kind] as const, ['apiVersion', apiVersion] as const].flatMap(
    ([field, expected]): Problem[] => {
      if (given[field] === expected) return [];
      const found = given[field] === undefined ? 'is missing' : `is ${JSON.stringify(given[field])}`;
      return [{ path: [field], message: `${found}, but must be ${expected}` }];
    },
  );
}

function withoutStatus(manifest: unknown): unknown {
  const { status: _, ...rest } = manifest as Record<string, unknown>;
  return rest;
}

/** The line of the deepest node of the path that is there. */
function lineOf(document: Document, path: readonly PropertyKey[], lines: LineCounter): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === String(key));
      if (pair === undefined) break;
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      offset = rangeStart(node) ?? offset;
    } else break;
  }
  return lines.linePos(offset).line;
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null)?.range?.[0];
}

function invalidManifest(fileName: string, problems: readonly PlacedProblem[]): InvalidInputError {
  const sorted = problems.toSorted((a, b) => a.line - b.line);
  const count = sorted.length === 1 ? 'a problem' : `${sorted.length} problems`;
  const list = sorted.map(({ line, text }) => `  line ${line}: ${text}`);
  return new InvalidInputError('manifest/invalid', [`the manifest has ${count}`, ...list].join('\n'), {
    where: fileName,
    hint: 'docs/reference/distillationjob.md describes every field.',
  });
}
