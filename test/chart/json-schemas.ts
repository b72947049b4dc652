/** A part of an OpenAPI v3 document, as the API server gives it for each group and version. */
export interface OpenApi {
  readonly components: { readonly schemas: Readonly<Record<string, OpenApiSchema>> };
}

interface OpenApiSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
  readonly [field: string]: unknown;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface JsonSchema {
  /** As kubeconform looks for it: `deployment-apps-v1.json`, `pod-v1.json`. */
  readonly name: string;
  readonly schema: object;
}

/** The template of these names, for kubeconform. */
export const schemaNames = '{{ .ResourceKind }}{{ .KindSuffix }}.json';

/**
 * A JSON schema for each kind in the document, that refuses fields which the API does not know: the API server drops them,
 * and whoever wrote one meant something by it.
 */
export function jsonSchemas({ components }: OpenApi): readonly JsonSchema[] {
  const schemas = Object.fromEntries(
    Object.entries(components.schemas).map(([name, schema]) => [name, closed(schema)]),
  );
  return Object.entries(components.schemas).flatMap(([name, schema]) =>
    (schema['x-kubernetes-group-version-kind'] ?? [])
      // Lists of everything are known to every group.
      .filter(() => schema.properties?.['metadata'] !== undefined)
      .map((kind) => ({
        name: fileName(kind),
        schema: { $ref: `#/components/schemas/${name}`, components: { schemas } },
      })),
  );
}

function fileName({ group, version, kind }: GroupVersionKind): string {
  const [first = ''] = group.split('.');
  return `${[kind, first, version].filter(Boolean).join('-').toLowerCase()}.json`;
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const schema = value as OpenApiSchema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, closed(each)]));
  // A field may be called `properties`, too: a schema's own are schemas by name.
  const isMap = typeof schema.properties === 'object' && schema['type'] === 'object';
  if (!isMap || schema.additionalProperties !== undefined) return inner;
  return schema['x-kubernetes-preserve-unknown-fields'] ? inner : { ...inner, additionalProperties: false };
}
