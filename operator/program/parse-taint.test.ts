import { describe, expect, it } from 'vitest';
import { parseNodeLabel, parseTaint } from './parse-taint.ts';

describe('a taint', () => {
  it.each([
    ['spot', { key: 'spot', operator: 'Exists' }],
    ['spot:NoExecute', { key: 'spot', operator: 'Exists', effect: 'NoExecute' }],
    ['dedicated=gpu', { key: 'dedicated', operator: 'Equal', value: 'gpu' }],
    ['empty=:PreferNoSchedule', { key: 'empty', operator: 'Equal', value: '', effect: 'PreferNoSchedule' }],
    [
      'example.com/dedicated=big_gpu.1:NoSchedule',
      { key: 'example.com/dedicated', operator: 'Equal', value: 'big_gpu.1', effect: 'NoSchedule' },
    ],
  ])('%s is tolerated', (taint, toleration) => {
    expect(parseTaint(taint)).toEqual(toleration);
  });

  it.each([
    ['', 'names no key'],
    [':NoSchedule', 'names no key'],
    ['=gpu:NoSchedule', 'names no key'],
    ['a:Never', 'has the effect "Never", which must be one of NoSchedule, PreferNoSchedule, NoExecute'],
    ['a:', 'has the effect "", which must be one of NoSchedule, PreferNoSchedule, NoExecute'],
    [
      'a=b:c:NoSchedule',
      'has the effect "c:NoSchedule", which must be one of NoSchedule, PreferNoSchedule, NoExecute',
    ],
    ['-a', key('-a')],
    ['a/b/c', key('a/b/c')],
    ['/a', key('/a')],
    ['example.com/', key('example.com/')],
    ['Example.com/a', key('Example.com/a')],
    ['a'.repeat(64), key('a'.repeat(64))],
    ['a=b=c', value('b=c')],
    ['a=-b', value('-b')],
    [`a=${'b'.repeat(64)}`, value('b'.repeat(64))],
  ])('%s is none: it %s', (taint, mistake) => {
    expect(parseTaint(taint)).toBe(mistake);
  });
});

describe('a label of nodes', () => {
  it.each([
    ['pool=gpu', { key: 'pool', value: 'gpu' }],
    ['node-role.kubernetes.io/gpu=', { key: 'node-role.kubernetes.io/gpu', value: '' }],
    ['pool', 'has no value: write pool=value'],
    ['=gpu', 'names no key'],
    ['po ol=gpu', key('po ol')],
    ['pool=a:b', value('a:b')],
  ])('%s is read, or refused', (text, expected) => {
    expect(parseNodeLabel(text)).toEqual(expected);
  });
});

function key(text: string): string {
  return `has the key "${text}", which is none: letters, digits, "-", "_", ".", and a domain before "/" where it has one`;
}

function value(text: string): string {
  return `has the value "${text}", which is none: at most 63 letters, digits, "-", "_", "."`;
}
