import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addReadings, energyReadingSchema, type EnergyReading } from './energy-reading.ts';

const reading: EnergyReading = {
  device: 'GPU-1',
  kind: 'GPU',
  model: 'A100',
  joules: 600,
  knownJoules: 600,
  method: 'Counter',
  deviationPercent: 2,
  gaps: 1,
  gapSeconds: 0.5,
  estimatedSeconds: 0.1,
  seconds: 3,
  meanWatts: 200,
  idleWatts: 60,
  sharing: 'None',
};

const lost: EnergyReading = {
  ...reading,
  joules: null,
  knownJoules: 100,
  seconds: 1,
  meanWatts: null,
  reason: 'the GPU is lost',
};

describe('readings of several attempts', () => {
  it('add up by device', () => {
    const later: EnergyReading = {
      ...reading,
      joules: 200,
      knownJoules: 200,
      deviationPercent: -2,
      gaps: 2,
      gapSeconds: 1,
      estimatedSeconds: 0,
      seconds: 1,
      idleWatts: 100,
      sharing: 'Unknown',
      reason: 'counter and sampled power differ by 11%',
    };
    expect(addReadings([reading], [later])).toEqual([
      {
        device: 'GPU-1',
        kind: 'GPU',
        model: 'A100',
        joules: 800,
        knownJoules: 800,
        method: 'Counter',
        // By joules: (2 * 600 - 2 * 200) / 800.
        deviationPercent: 1,
        gaps: 3,
        gapSeconds: 1.5,
        estimatedSeconds: 0.1,
        seconds: 4,
        meanWatts: 200,
        // By seconds: (60 * 3 + 100 * 1) / 4.
        idleWatts: 70,
        sharing: 'Unknown',
        reason: 'counter and sampled power differ by 11%',
      },
    ]);
  });

  it('are unknown where one is, and keep what is known', () => {
    for (const sum of [addReadings([reading], [lost]), addReadings([lost], [reading])]) {
      expect(sum).toEqual([
        expect.objectContaining({
          joules: null,
          knownJoules: 700,
          seconds: 4,
          meanWatts: null,
          reason: 'the GPU is lost',
        }),
      ]);
    }
  });

  it('keep every reason, and each once', () => {
    const others = { ...lost, reason: 'not attributable: others; the GPU is lost' };
    const [sum] = addReadings(addReadings([lost], [others]), [lost]);
    expect(sum?.reason).toBe('the GPU is lost; not attributable: others');
  });

  it('of different devices stay apart, as of devices of one name on different nodes', () => {
    const other = { ...reading, device: 'GPU-2' };
    const cpu: EnergyReading = { ...reading, device: 'package-0', kind: 'CPU', model: 'Xeon' };
    const another = { ...cpu, model: 'EPYC' };
    expect(addReadings([reading, cpu], [other, another])).toEqual([reading, cpu, other, another]);
    expect(addReadings([], [reading])).toEqual([reading]);
    expect(addReadings([reading], [])).toEqual([reading]);
  });

  it('are of the weaker of two methods', () => {
    const [sum] = addReadings([reading], [{ ...reading, method: 'SampledPower' }]);
    expect(sum?.method).toBe('SampledPower');
  });

  it('are shared when one was, and known to be alone only when all were', () => {
    const sharingOf = (...each: EnergyReading['sharing'][]): EnergyReading['sharing'] => {
      const readings = each.map((sharing): EnergyReading[] => [{ ...reading, sharing }]);
      return readings.reduce((sum, next) => addReadings(sum, next))[0]?.sharing;
    };
    expect(sharingOf('None', 'None')).toBe('None');
    expect(sharingOf('Unknown', 'None')).toBe('Unknown');
    expect(sharingOf('Shared', 'None', 'Unknown')).toBe('Shared');
    expect(sharingOf('None', 'Unknown', 'Shared')).toBe('Shared');
  });

  it('survive being written down, and add up in any grouping', () => {
    const figure = fc.integer({ min: 0, max: 1000 });
    const any = fc.record({ joules: fc.option(figure), knownJoules: figure, seconds: figure, gaps: figure });
    const attempt = any.map((figures): EnergyReading[] => [
      { ...reading, ...figures, knownJoules: figures.joules ?? figures.knownJoules },
    ]);
    const law = fc.property(attempt, attempt, attempt, (one, two, three) => {
      const [left] = addReadings(addReadings(one, two), three);
      const [right] = addReadings(one, addReadings(two, three));
      expect(left!.joules).toBe(right!.joules);
      expect(left!.knownJoules).toBe(right!.knownJoules);
      expect(left!.seconds).toBe(right!.seconds);
      expect(left!.gaps).toBe(right!.gaps);
      expect(energyReadingSchema.parse(JSON.parse(JSON.stringify(left)))).toEqual(left);
    });
    fc.assert(law);
  });
});
