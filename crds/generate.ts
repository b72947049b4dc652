import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Document, isScalar, visit } from 'yaml';
import { writeFileAtomically } from '../common/files.ts';
import { apiReference } from './api-reference.ts';
import { customResourceDefinition } from './custom-resource-definition.ts';

interface GeneratedFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly content: string;
}

/** The files that follow from the zod schema, always with the same bytes. */
export function generatedFiles(): readonly GeneratedFile[] {
  return [
    {
      path: 'crds/blockstill.dev_distillationjobs.yaml',
      content: `# Generated from crds/ by crds/generate.ts. Do not edit.\n${toYaml(customResourceDefinition())}`,
    },
    { path: 'docs/reference/distillationjob.md', content: apiReference() },
  ];
}

/** The longest group of scalars that is put on one line, in characters. */
const shortGroup = 200;

/**
 * YAML with lists of words and short groups on one line: most of the size of a deep schema is indentation, and a
 * cluster keeps the text in an annotation of at most 256 KiB.
 */
function toYaml(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_key, list) {
      if (list.items.every((item) => isScalar(item))) list.flow = true;
    },
    Map(_key, map) {
      const isLeaf = map.items.every((pair) => isScalar(pair.value));
      if (isLeaf && JSON.stringify(map).length <= shortGroup) map.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: false });
}

function absolute(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** The generated files whose content on disk is not what the schema says. */
export async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const { path, content } of generatedFiles()) {
    const found = await readFile(absolute(path), 'utf8').catch(() => undefined);
    if (found !== content) stale.push(path);
  }
  return stale;
}

async function main(): Promise<void> {
  if (process.argv.includes('--check')) {
    const stale = await staleFiles();
    if (stale.length === 0) return;
    console.error(`Stale: ${stale.join(', ')}. Run: node crds/generate.ts`);
    process.exitCode = 1;
    return;
  }
  for (const { path, content } of generatedFiles()) await writeFileAtomically(absolute(path), content);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
