import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml';

/** One row of the table: a value that users can set. */
export interface ChartValue {
  /** Such as `worker.image.tag`. */
  readonly path: string;
  readonly defaultValue: unknown;
  readonly description: string;
}

/**
 * The values of a chart with the comments above them. A map is one value when a comment stands above it and none above its
 * first member; otherwise its members are values.
 *
 * @throws Error that names a value without a comment
 */
export function chartValues(text: string): readonly ChartValue[] {
  const document = parseDocument(text);
  const { contents } = document;
  if (!isMap(contents)) throw new Error('values.yaml is no map.');
  const values = valuesIn(contents, '');
  const bare = values.filter(({ description }) => description === '').map(({ path }) => path);
  if (bare.length > 0)
    throw new Error(`No comment in values.yaml says what these are for: ${bare.join(', ')}.`);
  return values;
}

function valuesIn(map: YAMLMap, prefix: string): readonly ChartValue[] {
  return map.items.flatMap((pair, index) => {
    const path = `${prefix}${String(isScalar(pair.key) ? pair.key.value : pair.key)}`;
    // The comment above the first member belongs to the map itself.
    const description = words(
      commentOf(pair) ?? (index === 0 && prefix !== '' ? map.commentBefore : undefined),
    );
    const { value } = pair;
    if (isMap(value) && hasDescribedMembers(value)) {
      const members = valuesIn(value, `${path}.`);
      // A switch says nothing by its own name: what stands above its group is about it.
      return members.map((member) =>
        member.description === '' && member.path === `${path}.enabled` ? { ...member, description } : member,
      );
    }
    const defaultValue: unknown = isMap(value) || !isScalar(value) ? jsonOf(value) : value.value;
    return [{ path, defaultValue, description }];
  });
}

/** Whether a map in block style has comments on its members, or a switch of its own. */
function hasDescribedMembers(map: YAMLMap): boolean {
  if (map.flow === true || map.items.length === 0) return false;
  return (
    Boolean(map.commentBefore) || map.items.some((pair) => commentOf(pair) !== undefined || isSwitch(pair))
  );
}

function isSwitch({ key }: Pair): boolean {
  return isScalar(key) && key.value === 'enabled';
}

function commentOf({ key }: Pair): string | undefined {
  return (isScalar(key) ? key.commentBefore : undefined) ?? undefined;
}

/** The last paragraph of a comment: what stands before an empty line is about more than this value. */
function words(comment: string | null | undefined): string {
  const paragraphs = (comment ?? '').split(/\n\s*\n/);
  return (paragraphs.at(-1) ?? '').replaceAll(/\s+/g, ' ').trim();
}

function jsonOf(node: unknown): unknown {
  return (node as { toJSON(): unknown }).toJSON();
}

/** The chart's README: what a values table needs around it, and the table. */
export function chartReadme(valuesText: string): string {
  const rows = chartValues(valuesText).map(({ path, defaultValue, description }) =>
    [`\`${path}\``, `\`${JSON.stringify(defaultValue)}\``, description.replaceAll('|', '\\|')].join(' | '),
  );
  return `<!-- Generated from values.yaml by helm/generate.ts. Do not edit. -->

# Blockstill, the chart

It installs the operator for \`DistillationJob\` resources: the definition, the operator with what it may do, and, where
you ask for them, monitors, alerts, a dashboard and a network policy. Kubernetes 1.29 or newer, Helm 3 or 4.

\`\`\`sh
helm install blockstill helm/blockstill --namespace blockstill-system --create-namespace
\`\`\`

The definition of \`DistillationJob\` is a template, so that an upgrade brings the new one. Uninstalling leaves it, and all
jobs, where they are (\`crds.keep\`). Jobs that have begun keep their worker's image through an upgrade.

Mistakes in values are refused before anything is installed. Installing, testing, upgrading:
[docs/install.md](../../docs/install.md); what may go wrong later: [docs/troubleshooting.md](../../docs/troubleshooting.md).
Options of the operator in full: [docs/operator.md](../../docs/operator.md).

## Values

| value | default | what it is |
| ----- | ------- | ---------- |
${rows.map((row) => `| ${row} |`).join('\n')}
`;
}
