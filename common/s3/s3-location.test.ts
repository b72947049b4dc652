import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../error.ts';
import { below, isPathLike, parseS3Uri, prefixOf, s3Uri } from './s3-location.ts';

describe('an s3:// URI', () => {
  test.each([
    ['s3://models/resnet50/model.json', { bucket: 'models', key: 'resnet50/model.json' }],
    ['s3://models/resnet50/', { bucket: 'models', key: 'resnet50' }],
    ['s3://models', { bucket: 'models', key: '' }],
    ['s3://models/', { bucket: 'models', key: '' }],
    // Taken as it is written, as other tools do.
    ['s3://my.bucket/with blank/100%25 ü', { bucket: 'my.bucket', key: 'with blank/100%25 ü' }],
    ['s3://bucket/what?#this', { bucket: 'bucket', key: 'what?#this' }],
  ])('%s', (uri, location) => {
    expect(parseS3Uri(uri)).toEqual(location);
  });

  test.each([
    's3://',
    's3:///key',
    's3://a/key',
    's3://-bucket/key',
    's3://bucket//key',
    's3://bucket/a/../b',
  ])('%s is refused with the field that it stands in', (uri) => {
    expect(() => parseS3Uri(uri, 'spec.output.uri')).toThrow(InvalidInputError);
    expect(() => parseS3Uri(uri, 'spec.output.uri')).toThrow(
      expect.objectContaining({ code: 'storage/bad-uri', where: 'spec.output.uri' }),
    );
  });
});

test('a location below the whole bucket begins with no slash', () => {
  const bucket = parseS3Uri('s3://models');
  expect(s3Uri(below(bucket, 'a', 'b.bin'))).toBe('s3://models/a/b.bin');
  expect(prefixOf(bucket)).toBe('');
  expect(prefixOf(below(bucket, 'a'))).toBe('a/');
});

test.each([
  ['a/b.bin', true],
  ['../b.bin', false],
  ['a/../../b.bin', false],
  ['/etc/passwd', false],
  ['a//b', false],
  ['./a', false],
])('%s can be a path below a folder: %s', (key, expected) => {
  expect(isPathLike(key)).toBe(expected);
});
