import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { anObserved, at, distilled, finetuned } from './builders.ts';
import { decide } from './decide.ts';
import { fitStatus } from './fit-status.ts';

const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const status = (): DistillationJobStatus => decide(anObserved([...three, finetuned()]), at(20)).status;

describe('a status', () => {
  it('is left as it is where it fits', () => {
    const whole = status();
    expect(fitStatus(whole)).toBe(whole);
  });

  it('loses a figure that the resource can not hold, and nothing else', () => {
    const whole = status();
    const [first, ...others] = whole.blocks ?? [];
    const blocks = [{ ...first!, loss: 1e20, unexplainedVariance: -1 }, ...others];
    const { loss: _, unexplainedVariance: __, ...rest } = first!;
    expect(fitStatus({ ...whole, blocks })).toEqual({ ...whole, blocks: [rest, ...others] });
  });

  it('loses the whole of what can not do without such a figure', () => {
    const whole = status();
    const latency = [{ batchSize: 1, milliseconds: 1e30, repeats: 5 }];
    const fitted = fitStatus({ ...whole, student: { ...whole.student, latency } });
    expect(fitted).toEqual({ ...whole, student: { ...whole.student, latency: [] } });
  });

  it('keeps one of two entries of the same key', () => {
    const whole = status();
    const one = { batchSize: 1, milliseconds: 2, repeats: 5 };
    const fitted = fitStatus({ ...whole, student: { ...whole.student, latency: [one, one] } });
    expect(fitted.student?.latency).toEqual([one]);
  });

  it('has blocks with the names of layers of other frameworks', () => {
    const whole = status();
    const blocks = whole.blocks?.map((block) => ({ ...block, name: `stem/${block.name}` }));
    expect(fitStatus({ ...whole, blocks })).toEqual({ ...whole, blocks });
  });
});
