import { describe, expect, test } from 'vitest';
import { structuralSchema, type JsonSchema } from './json-schema.ts';
import { rules } from './rules.ts';

interface Node {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly parent: JsonSchema | undefined;
  /** The name under `properties`; undefined for the items of a list and the values of a map. */
  readonly property: string | undefined;
}

function* nodes(schema: JsonSchema, path = '', place: Partial<Node> = {}): Generator<Node> {
  yield { path, schema, parent: place.parent, property: place.property };
  for (const [property, child] of Object.entries(schema.properties ?? {})) {
    yield* nodes(child, path === '' ? property : `${path}.${property}`, { parent: schema, property });
  }
  if (schema.items !== undefined) yield* nodes(schema.items, `${path}[]`, { parent: schema });
  if (schema.additionalProperties !== undefined) {
    yield* nodes(schema.additionalProperties, `${path}{}`, { parent: schema });
  }
}

const root = structuralSchema();
const all = [...nodes(root)];
const byPath = new Map(all.map((node) => [node.path, node]));

/** The paths of the nodes for which something is wrong. */
function offenders(isWrong: (node: Node) => boolean): string[] {
  return all.filter(isWrong).map(({ path }) => path);
}

// What JSONSchemaProps of apiextensions.k8s.io/v1 has and a structural schema allows outside of allOf and the like.
const allowedKeywords = new Set(
  (
    'type description format default enum nullable properties required items additionalProperties minProperties maxProperties minItems ' +
    'maxItems minLength maxLength pattern minimum maximum exclusiveMinimum exclusiveMaximum ' +
    'multipleOf x-kubernetes-validations x-kubernetes-list-type x-kubernetes-list-map-keys x-kubernetes-map-type'
  ).split(' '),
);

describe('the schema is structural, as the Kubernetes documentation defines it', () => {
  test('every node has one type', () => {
    const types = ['object', 'array', 'string', 'integer', 'number', 'boolean'];
    expect(offenders(({ schema }) => !types.includes(schema.type ?? ''))).toEqual([]);
    expect(root.type).toBe('object');
  });

  test('no node has a keyword that the API server rejects or prunes', () => {
    expect(
      offenders(({ schema }) => Object.keys(schema).some((keyword) => !allowedKeywords.has(keyword))),
    ).toEqual([]);
  });

  test('no node has both properties and additionalProperties, and additionalProperties is a schema', () => {
    expect(
      offenders(
        ({ schema }) =>
          schema.additionalProperties !== undefined &&
          (schema.properties !== undefined || typeof schema.additionalProperties !== 'object'),
      ),
    ).toEqual([]);
  });

  test('metadata is restricted in nothing, not even described', () => {
    expect(root.properties?.['metadata']).toEqual({ type: 'object' });
  });

  test('required members exist', () => {
    expect(
      offenders(({ schema }) =>
        (schema.required ?? []).some((name) => schema.properties?.[name] === undefined),
      ),
    ).toEqual([]);
    expect(root.required).toEqual(['spec']);
  });

  test('keywords stand only on the types that they apply to', () => {
    const owners: Record<string, string[]> = {
      properties: ['object'],
      additionalProperties: ['object'],
      items: ['array'],
      maxItems: ['array'],
      maxLength: ['string'],
      pattern: ['string'],
      minimum: ['integer', 'number'],
      maximum: ['integer', 'number'],
    };
    expect(
      offenders(({ schema }) =>
        Object.keys(schema).some((keyword) => owners[keyword]?.includes(schema.type ?? '') === false),
      ),
    ).toEqual([]);
  });

  test('exclusive bounds are flags beside the bound', () => {
    expect(
      offenders(
        ({ schema }) =>
          (schema.exclusiveMinimum !== undefined &&
            (!schema.exclusiveMinimum || schema.minimum === undefined)) ||
          (schema.exclusiveMaximum !== undefined &&
            (!schema.exclusiveMaximum || schema.maximum === undefined)),
      ),
    ).toEqual([]);
  });

  test('patterns are within RE2: no look-around and no back references', () => {
    expect(offenders(({ schema }) => /\(\?[=!<]|\\[1-9]/.test(schema.pattern ?? ''))).toEqual([]);
  });

  test('keys of map lists are scalars that are always there; items of sets are scalars', () => {
    const scalar = (schema: JsonSchema | undefined) =>
      schema?.type !== undefined && schema.type !== 'object' && schema.type !== 'array';
    expect(
      offenders(({ schema }) => {
        const items = schema.items ?? {};
        if (schema['x-kubernetes-list-type'] === 'set') return !scalar(items);
        if (schema['x-kubernetes-list-type'] !== 'map') return false;
        const keys = schema['x-kubernetes-list-map-keys'] ?? [];
        return (
          keys.length === 0 ||
          keys.some((key) => {
            const member = items.properties?.[key];
            return !scalar(member) || !(items.required?.includes(key) || member?.default !== undefined);
          })
        );
      }),
    ).toEqual([]);
  });

  test('a default is of the type and within the enumeration of its node', () => {
    expect(
      offenders(({ schema }) => schema.default !== undefined && !accepts(schema, schema.default)),
    ).toEqual([]);
  });
});

/** Whether a value fits, nested defaults not needed for required members. */
function accepts(schema: JsonSchema, value: unknown): boolean {
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  if (schema.type === 'object') {
    return Object.entries(value as object).every(([name, member]) => {
      const child = schema.properties?.[name];
      return child !== undefined && accepts(child, member);
    });
  }
  if (schema.type === 'array') {
    return Array.isArray(value) && value.every((item) => accepts(schema.items ?? {}, item));
  }
  if (schema.type === 'integer') return Number.isInteger(value) && withinBounds(schema, value as number);
  if (schema.type === 'number') return typeof value === 'number' && withinBounds(schema, value);
  if (schema.type === 'boolean') return typeof value === 'boolean';
  return typeof value === 'string' && new RegExp(schema.pattern ?? '').test(value);
}

function withinBounds({ minimum = -Infinity, maximum = Infinity }: JsonSchema, value: number): boolean {
  return value >= minimum && value <= maximum;
}

describe('everything is bounded, so that CEL rules stay within their cost budget', () => {
  test('every list has maxItems and a list type', () => {
    expect(
      offenders(
        ({ schema }) =>
          schema.type === 'array' &&
          (schema.maxItems === undefined ||
            schema.items === undefined ||
            schema['x-kubernetes-list-type'] === undefined),
      ),
    ).toEqual([]);
  });

  test('every text has maxLength, an enumeration or a format', () => {
    const isOfRoot = (path: string) => path === 'apiVersion' || path === 'kind';
    expect(
      offenders(
        ({ path, schema }) =>
          schema.type === 'string' &&
          !isOfRoot(path) &&
          schema.maxLength === undefined &&
          schema.enum === undefined &&
          schema.format !== 'date-time',
      ),
    ).toEqual([]);
  });

  test('every map has maxProperties', () => {
    expect(
      offenders(
        ({ schema }) => schema.additionalProperties !== undefined && schema.maxProperties === undefined,
      ),
    ).toEqual([]);
  });

  test('every number has a lower bound, in spec an upper one too, and whole numbers a format', () => {
    expect(
      offenders(({ path, schema }) => {
        if (schema.type !== 'integer' && schema.type !== 'number') return false;
        const isOpen = path.startsWith('spec') && schema.maximum === undefined;
        const isBare = schema.type === 'integer' && !/^int(32|64)$/.test(schema.format ?? '');
        return schema.minimum === undefined || isOpen || isBare;
      }),
    ).toEqual([]);
  });
});

describe('kubectl explain', () => {
  test('has a sentence on every field', () => {
    const missing = offenders(
      ({ path, property, schema }) =>
        property !== undefined &&
        path !== 'metadata' &&
        !/^[A-Z0-9(].{8,}[.:)]$/s.test(schema.description ?? ''),
    );
    expect(missing).toEqual([]);
  });

  test('says the default of every scalar that has one', () => {
    expect(
      offenders(
        ({ schema }) =>
          schema.default !== undefined &&
          typeof schema.default !== 'object' &&
          !schema.description?.includes(`Default: ${JSON.stringify(schema.default).replaceAll('"', '')}.`),
      ),
    ).toEqual([]);
  });
});

describe('rules', () => {
  test('stand in the schema at their places, with rule and message', () => {
    const missing = rules.filter(({ path, cel }) => {
      const validations =
        byPath.get(path === 'metadata' ? '' : path)?.schema['x-kubernetes-validations'] ?? [];
      return !validations.some(({ rule, message = '' }) => rule === cel && message.length > 10);
    });
    expect(missing).toEqual([]);
  });

  test('point at fields that exist', () => {
    const pointers = all.flatMap(({ path, schema }) =>
      (schema['x-kubernetes-validations'] ?? []).flatMap(({ fieldPath }) =>
        fieldPath === undefined ? [] : [`${path}${fieldPath}`],
      ),
    );
    expect(pointers.filter((pointer) => !byPath.has(pointer))).toEqual([]);
    expect(pointers.length).toBeGreaterThan(20);
  });

  test('read a member only after has() wherever the API server may evaluate them on a bare default', () => {
    const unguarded = rules.filter(({ path, cel }) => {
      if (byPath.get(path)?.schema.default === undefined) return false;
      const withoutHas = cel.replaceAll(/has\([^)]*\)/g, '');
      const members = [...withoutHas.matchAll(/\bself\.(\w+)/g)].map((match) => match[1]);
      return members.some((member) => !cel.includes(`has(self.${member})`));
    });
    expect(unguarded).toEqual([]);
  });

  test('compare with the former value only at places that are always there', () => {
    const transitions = rules.filter(({ cel }) => cel.includes('oldSelf'));
    const mayBeAbsent = transitions.filter(({ path }) => {
      const node = byPath.get(path);
      const isRequired = node?.parent?.required?.includes(node.property ?? '') ?? false;
      return !isRequired && node?.schema.default === undefined;
    });
    expect(mayBeAbsent).toEqual([]);
    expect(transitions.length).toBeGreaterThan(10);
  });

  test('leave exactly the fields changeable that do not decide results', () => {
    const fixed = new Set(rules.filter(({ cel }) => cel === 'self == oldSelf').map(({ path }) => path));
    const changeable = Object.keys(byPath.get('spec')?.schema.properties ?? {}).filter(
      (name) => !fixed.has(`spec.${name}`) && name !== 'execution',
    );
    const changeableOfExecution = Object.keys(byPath.get('spec.execution')?.schema.properties ?? {}).filter(
      (name) => !fixed.has(`spec.execution.${name}`),
    );
    expect(changeable).toEqual([
      'resources',
      'pod',
      'suspend',
      'backoffLimit',
      'activeDeadlineSeconds',
      'ttlSecondsAfterFinished',
      'retry',
    ]);
    expect(changeableOfExecution).toEqual(['maxParallel', 'pendingDeadlineSeconds']);
  });
});

test('a new object has a status that no tool takes for finished', () => {
  expect(byPath.get('status')?.schema.default).toEqual({ observedGeneration: -1 });
});
