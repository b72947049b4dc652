import * as z from 'zod';
import { distillationJob } from './distillation-job.ts';
import { rules } from './rules.ts';
import { validationOf } from './with-rules.ts';

/** The part of OpenAPI 3.0 schemas that a structural schema of Kubernetes uses. */
export interface JsonSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  description?: string;
  format?: string;
  default?: unknown;
  enum?: readonly unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema;
  maxProperties?: number;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  'x-kubernetes-validations'?: readonly Record<string, string>[];
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
}

/**
 * The structural schema of a DistillationJob, from the zod schema.
 *
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
export function structuralSchema(): JsonSchema {
  const schema = z.toJSONSchema(distillationJob, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ jsonSchema }) => makeStructural(jsonSchema as JsonSchema),
  }) as JsonSchema;
  completeRoot(schema);
  return ordered(schema);
}

/** The description first, what lies below last: as one wants to read it. */
function ordered(schema: JsonSchema): JsonSchema {
  const { description, type, properties, items, additionalProperties, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
    ...rest,
    ...(items === undefined ? {} : { items: ordered(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: ordered(additionalProperties) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, child]) => [name, ordered(child)]),
          ),
        }),
  };
}

function makeStructural(schema: JsonSchema): void {
  // zod's strict objects; the API server prunes unknown fields and takes no other value beside `properties`.
  if ((schema.additionalProperties as unknown) === false) delete schema.additionalProperties;
  if (schema.type === 'integer') boundInteger(schema);
  if (schema.format === 'date-time') delete schema.pattern;
  if (schema.default !== undefined && schema.description !== undefined) {
    schema.description = describeDefault(schema.description, schema.default);
  }
}

function boundInteger(schema: JsonSchema): void {
  const { minimum, maximum } = schema;
  if (minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  const fitsInt32 =
    minimum !== undefined && minimum >= -(2 ** 31) && maximum !== undefined && maximum < 2 ** 31;
  schema.format = fitsInt32 ? 'int32' : 'int64';
}

/** `kubectl explain` shows no defaults, so the description says them. */
function describeDefault(description: string, value: unknown): string {
  if (typeof value === 'object' || description.includes('Default: ')) return description;
  return `${description} Default: ${JSON.stringify(value).replaceAll('"', '')}.`;
}

/** What the API server wants at the root: plain apiVersion, kind and metadata, which it checks itself. */
function completeRoot(schema: JsonSchema): void {
  const { apiVersion, kind } = schema.properties ?? {};
  if (apiVersion === undefined || kind === undefined) throw new Error('The schema has lost its root.');
  delete apiVersion.enum;
  delete kind.enum;
  // A description here would count as a restriction of metadata.
  schema.properties = { ...schema.properties, metadata: { type: 'object' } };
  schema.required = ['spec'];
  schema.description =
    'A DistillationJob turns a trained convolutional network into a cheaper one, block by block.';
  schema['x-kubernetes-validations'] = rules
    .filter((rule) => rule.path === 'metadata')
    .map(({ path, cel, message }) => validationOf({ path, cel, message: `metadata.name ${message}` }));
}
