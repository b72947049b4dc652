import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { energyFigures } from '../../operator/accounting/energy-figures.ts';
import { energyAccountOf } from '../../operator/accounting/energy.ts';
import { savingSentences, shortSaving, whyNoSaving } from './energy-saving.ts';

/** A job that drew 9 kJ while its blocks were trained, and 10 kJ with what was before and after. */
function energyOf(baselineJoules: number, stages = 'distill stage'): DistillationJobStatus['energy'] {
  const drew = (name: string, joules: number, start: number) => ({
    name,
    attempts: [
      {
        start,
        end: start + 10,
        committed: true,
        readings: [{ device: 'A', kind: 'GPU' as const, joules, gaps: 0 }],
      },
    ],
  });
  const blocks = [drew('a', 9000, 10)];
  const account = energyAccountOf({ units: [drew('prepare', 1000, 0), ...blocks] });
  const ours = stages === 'distill stage' ? energyAccountOf({ units: blocks }) : account;
  return energyFigures(account, { ours, baseline: { coverage: ['GPU'], used: baselineJoules }, stages });
}

const measured = { mode: 'Measure', state: 'Known', joules: 10_000 } as const;

describe('a saving', () => {
  it('names the stages and devices that it is of, which are not those of the joules of the job', () => {
    const energy = energyOf(10_000);
    expect(energy?.joules).toBe(10_000);
    expect(savingSentences({ energy })).toBe(
      'The distill stage drew 10.0% less than the baseline, counting GPU in use: 100 x (1 - EN / E1), EN = 9 kJ, E1 = 10 kJ.',
    );
    expect(shortSaving({ energy })).toBe('distill stage, GPU in use: 10.0% less than the baseline');
  });

  it('is of the whole job where another job is the baseline', () => {
    const energy = energyOf(20_000, 'whole job');
    expect(savingSentences({ energy })).toMatch(/^The whole job drew 50\.0% less than the baseline, /);
    expect(shortSaving({ energy })).toBe('whole job, GPU in use: 50.0% less than the baseline');
  });

  it('that is none reads as more', () => {
    // 9000 / 5402 = 1.666
    const energy = energyOf(5402);
    expect(shortSaving({ energy })).toBe('distill stage, GPU in use: 66.6% more than the baseline');
    expect(savingSentences({ energy })).toContain(' drew 66.6% more than the baseline, ');
  });

  it('of whole nodes stands apart', () => {
    const energy = { ...energyOf(10_000), savingPercentDedicatedNode: 22.6 };
    expect(savingSentences({ energy })).toMatch(
      /E1 = 10 kJ\. Whole nodes, idle devices included, drew 22\.6% less than the baseline; /,
    );
  });

  it('of a status that does not name them is of devices in use', () => {
    const energy = { joules: 1, savingPercent: 3, formula: 'as usual' };
    expect(shortSaving({ energy })).toBe('devices in use: 3.0% less than the baseline');
    expect(savingSentences({ energy })).toBe('Devices in use drew 3.0% less than the baseline (as usual).');
  });
});

describe('a saving that is unknown', () => {
  it('is so for the reason that the status gives, where there is a baseline', () => {
    const reason = 'No saving is known: 1 of 3 units to compare are not done';
    expect(shortSaving({ energy: { joules: 1, reason } })).toBeUndefined();
    expect(savingSentences({ energy: { joules: 1, reason } })).toBeUndefined();
    expect(whyNoSaving({ energy: { joules: 1, reason }, baseline: measured })).toBe(`${reason}.`);
    expect(whyNoSaving({ energy: { joules: 1 }, baseline: measured })).toContain('does not say why');
  });

  it('has no measured baseline only where there is none', () => {
    expect(whyNoSaving({ energy: { joules: 1, reason: 'A card was lost.' } })).toContain(
      'there is no measured baseline',
    );
  });
});
