import { apiVersion, kind } from './distillation-job.ts';
import { structuralSchema, type JsonSchema } from './json-schema.ts';

/** The API reference as Markdown: a table for each group of fields, in the order of the schema. */
export function apiReference(): string {
  const schema = structuralSchema();
  const { spec, status } = schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error('The schema has lost spec or status.');
  return [
    `# ${kind}`,
    `<!-- Generated from crds/ by crds/generate.ts. Do not edit. -->`,
    `\`apiVersion: ${apiVersion}\`, \`kind: ${kind}\`, namespaced, short name \`distill\`.`,
    [
      'A field marked *required* must be given where its group is given.',
      'A quantity is text such as `"500m"`, `"4"` or `"16Gi"`.',
      'Rules are checked by the API server and by `blockstill validate` alike.',
    ].join(' '),
    '`metadata.name` must be a DNS label of at most 40 characters.',
    ...sections('spec', spec),
    '## status',
    `${status.description ?? ''} A figure that is unknown is absent, with a \`reason\` beside it.`,
    ...sections('status', status).slice(2),
  ]
    .join('\n\n')
    .concat('\n');
}

function sections(path: string, schema: JsonSchema): string[] {
  const properties = Object.entries(schema.properties ?? {});
  const depth = path.includes('.') ? '###' : '##';
  const own = [
    `${depth} ${path}`,
    ...(schema.description === undefined ? [] : [schema.description]),
    [
      '| Field | Type | Description |',
      '| --- | --- | --- |',
      ...properties.map((entry) => row(path, schema, entry)),
    ].join('\n'),
    ...ruleList(schema),
  ];
  return [...own, ...properties.flatMap(([name, child]) => childSections(`${path}.${name}`, child))];
}

function childSections(path: string, schema: JsonSchema): string[] {
  if (schema.properties !== undefined) return sections(path, schema);
  if (schema.items?.properties === undefined) return [];
  const { items, description } = schema;
  return sections(`${path}[]`, { ...items, ...(description === undefined ? {} : { description }) });
}

function row(path: string, parent: JsonSchema, [name, schema]: [string, JsonSchema]): string {
  const isRequired = parent.required?.includes(name) ?? false;
  const cells = [
    `\`${name}\`${isRequired ? ' *required*' : ''}`,
    typeText(`${path}.${name}`, schema),
    schema.description ?? '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function typeText(path: string, schema: JsonSchema): string {
  if (schema.type === 'array') {
    const item = schema.items ?? {};
    return `list of ${item.properties === undefined ? typeText(path, item) : link(`${path}[]`)}${itemBounds(schema)}`;
  }
  if (schema.properties !== undefined) return link(path);
  if (schema.additionalProperties !== undefined) return 'map of text';
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${value === '' ? '""' : String(value)}\``).join(', ');
  if (schema.format === 'date-time') return 'time';
  const names = { integer: 'whole number', number: 'number', boolean: 'true or false', string: 'text' };
  const name = names[schema.type as keyof typeof names] ?? schema.type ?? '';
  return `${name}${bounds(schema)}`;
}

function link(path: string): string {
  const anchor = path.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return `[group](#${anchor})`;
}

function itemBounds({ minItems, maxItems }: JsonSchema): string {
  return `, ${minItems === undefined ? '' : `at least ${minItems}, `}at most ${maxItems}`;
}

function bounds(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const lower = minimum === undefined ? [] : [`${exclusiveMinimum ? 'above' : 'from'} ${minimum}`];
  const upper = maximum === undefined ? [] : [`${exclusiveMaximum ? 'below' : 'to'} ${maximum}`];
  const both = [...lower, ...upper];
  return both.length === 0 ? '' : `, ${both.join(' ')}`;
}

function ruleList(schema: JsonSchema): string[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length === 0) return [];
  const isFixed = rules.some((rule) => rule['rule'] === 'self == oldSelf');
  const others = rules
    .filter((rule) => rule['rule'] !== 'self == oldSelf')
    .map((rule) => rule['message'] ?? '');
  return [
    ...(isFixed ? ['Cannot be changed after the job was created.'] : []),
    ...(others.length === 0 ? [] : [['Rules:', '', ...others.map((message) => `- ${message}`)].join('\n')]),
  ];
}
