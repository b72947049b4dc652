import { describe, expect, it } from 'vitest';
import { parsePrometheusText } from './prometheus-text.ts';

function parse(...lines: readonly string[]) {
  return parsePrometheusText(lines.join('\n'), new Set(['power', 'energy']));
}

describe("Prometheus' text format", () => {
  it('gives the samples of the metrics that are asked for', () => {
    expect(
      parse(
        '# HELP power Power draw (in W).',
        '# TYPE power gauge',
        'power{gpu="0",UUID="GPU-1"} 68.244',
        'powers{gpu="0"} 1',
        'power 7',
        '',
        'energy { gpu = "1" , UUID="GPU-2", } 1.5e+10 1700000000000',
        'energy{} 3\r',
      ),
    ).toEqual([
      { name: 'power', labels: { gpu: '0', UUID: 'GPU-1' }, value: 68.244 },
      { name: 'power', labels: {}, value: 7 },
      { name: 'energy', labels: { gpu: '1', UUID: 'GPU-2' }, value: 1.5e10 },
      { name: 'energy', labels: {}, value: 3 },
    ]);
  });

  it('reads what labels escape', () => {
    expect(parse(String.raw`power{a="}\"\\\n,b=",b=""} -Inf`)).toEqual([
      { name: 'power', labels: { a: '}"\\\n,b=', b: '' }, value: -Infinity },
    ]);
    expect(parse('power NaN', 'power +Inf').map(({ value }) => value)).toEqual([NaN, Infinity]);
  });

  it.each([
    'power',
    'power{gpu="0"}',
    'power{gpu="0" 1',
    'power{gpu=0} 1',
    'power{gpu="0"gpu2="1"} 1',
    'power{gpu="0",gpu="1"} 1',
    'power{a="b"c"} 1',
    'power one',
    'power 0x10',
    'power 1 2 3',
  ])('says where a sample can not be read: %s', (line) => {
    expect(() => parse('energy 1', line)).toThrow('line 2 is no sample of power');
  });

  it('passes over lines of other metrics, whatever is in them', () => {
    expect(parse('<html>', 'other{a="b"c"} 1', 'power 1')).toEqual([{ name: 'power', labels: {}, value: 1 }]);
  });
});
