import { describe, expect, test } from 'vitest';
import { parseUnitSpec } from './read-unit-spec.ts';

const spec = {
  version: 1,
  job: { namespace: 'default', name: 'small', uid: 'job-uid' },
  stage: 'Distill',
  unit: 'unit-000',
  attempt: { id: 'a1', number: 2 },
  spec: { teacher: {}, execution: {} },
  specDigest: `sha256:${'0'.repeat(64)}`,
  exchange: '/exchange/default/small-job-uid',
};

const parse = (change: object, attemptId?: string) =>
  parseUnitSpec(JSON.stringify({ ...spec, ...change }), 'the environment', attemptId);

describe('a unit spec', () => {
  test('is what was written', () => {
    expect(parse({})).toEqual(spec);
  });

  test('takes the id of the attempt from whoever knows it', () => {
    expect(parse({ attempt: { number: 2 } }, 'pod-uid').attempt).toEqual({ id: 'pod-uid', number: 2 });
    expect(parse({}, 'pod-uid').attempt).toEqual({ id: 'pod-uid', number: 2 });
  });

  test('names its exchange by a path, a file URI or a place on S3', () => {
    const exchange = 'file:///exchange/with%20space/job';
    expect(parse({ exchange }).exchange).toBe('/exchange/with space/job');
    expect(parse({ exchange: 's3://bucket/exchange' }).exchange).toBe('s3://bucket/exchange');
    expect(parse({ exchange: 'relative/folder' }).exchange).toBe('relative/folder');
  });

  test.each(['ftp://host/exchange', 'file://host/exchange'])(
    'is refused with an exchange that it can not open: %s',
    (exchange) => {
      expect(() => parse({ exchange })).toThrow(
        expect.objectContaining({ name: 'InvalidInputError', code: 'storage/unsupported-uri' }),
      );
    },
  );

  test.each([
    { of: 'another version', change: { version: 99 } },
    { of: 'an attempt without an id', change: { attempt: { number: 1 } } },
    { of: 'no attempt', change: { attempt: undefined } },
  ])('is refused: $of', ({ change }) => {
    expect(() => parse(change)).toThrow(
      expect.objectContaining({ name: 'InvalidInputError', code: 'unit/bad-spec', where: 'the environment' }),
    );
  });

  test('is refused when it is no JSON', () => {
    expect(() => parseUnitSpec('{', 'the environment')).toThrow('The unit spec is missing or is not one.');
  });
});
