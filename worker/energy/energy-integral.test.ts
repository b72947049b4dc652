import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EnergyIntegral,
  type EnergyIntegralOptions,
  type EnergySample,
  type EnergyTotal,
} from './energy-integral.ts';

const counter: EnergyIntegralOptions = { method: 'Counter', periodSeconds: 0.1 };
const sampled: EnergyIntegralOptions = { method: 'SampledPower', periodSeconds: 0.1 };

function totalOf(options: EnergyIntegralOptions, samples: readonly EnergySample[]): EnergyTotal {
  const integral = new EnergyIntegral(options, samples[0]?.seconds ?? 0);
  for (const sample of samples) integral.add(sample);
  return integral.total();
}

/** Ten times a second from 0 on; the counter is right. */
function steady(watts: number, seconds: number): EnergySample[] {
  return Array.from({ length: Math.round(seconds * 10) + 1 }, (_, index) => ({
    seconds: index / 10,
    joules: 1000 + (watts * index) / 10,
    watts,
  }));
}

describe('the energy of a device with a counter', () => {
  it("is the counter's gain, whatever the power says, and tells how far off that is", () => {
    const samples = steady(200, 3).map((sample) => ({ ...sample, watts: 230 }));
    expect(totalOf(counter, samples)).toMatchObject({
      joules: 600,
      seconds: 3,
      unknownSeconds: 0,
      estimatedSeconds: 0,
      resets: 0,
      gaps: 0,
      deviationPercent: expect.closeTo(15, 9),
      until: 3,
    });
  });

  it('is known without power, which then can not be compared', () => {
    const samples = steady(200, 2).map(({ seconds, joules }) => ({ seconds, joules: joules! }));
    expect(totalOf(counter, samples)).toMatchObject({ joules: 400, seconds: 2, deviationPercent: undefined });
  });

  it('is not compared within a second, in which sensors may not have been updated', () => {
    expect(totalOf(counter, steady(200, 0.9)).deviationPercent).toBeUndefined();
    expect(totalOf(counter, steady(200, 1)).deviationPercent).toBeCloseTo(0, 9);
  });

  it.each([
    { name: 'goes back, as when the driver is loaded again', joules: 3 },
    { name: 'jumps by more than a card can draw', joules: 1e6 },
  ])('is taken from power for the interval in which the counter $name', ({ joules }) => {
    const watts = 200;
    const samples = [
      { seconds: 0, joules: 1000, watts },
      { seconds: 0.1, joules: 1020, watts: 100 },
      { seconds: 0.2, joules, watts: 300 },
      { seconds: 0.3, joules: joules + 25, watts },
    ];
    // 20 + (100 + 300) / 2 * 0.1 + 25
    expect(totalOf(counter, samples)).toMatchObject({
      joules: expect.closeTo(65, 9),
      seconds: expect.closeTo(0.3, 9),
      estimatedSeconds: expect.closeTo(0.1, 9),
      unknownSeconds: 0,
      resets: 1,
    });
  });

  it('is unknown where the counter was reset and power was not there', () => {
    const samples = [
      { seconds: 0, joules: 1000, watts: 200 },
      { seconds: 0.1, joules: 1020, watts: 200 },
      { seconds: 0.2, joules: 5 },
      { seconds: 0.3, joules: 25, watts: 200 },
    ];
    expect(totalOf(counter, samples)).toMatchObject({
      joules: 40,
      seconds: expect.closeTo(0.2, 9),
      unknownSeconds: expect.closeTo(0.1, 9),
      estimatedSeconds: 0,
    });
  });

  it('is unknown where the counter was reset in a gap', () => {
    const samples = [
      { seconds: 0, joules: 1000, watts: 200 },
      { seconds: 5, joules: 5, watts: 200 },
    ];
    expect(totalOf(counter, samples)).toMatchObject({ joules: 0, unknownSeconds: 5, gaps: 1, gapSeconds: 5 });
  });

  it('loses nothing in a gap, which is counted and not compared', () => {
    const samples = steady(200, 10).filter(({ seconds }) => seconds <= 2 || seconds >= 6);
    const wrong = samples.map((sample) => (sample.seconds === 6 ? { ...sample, watts: 0 } : sample));
    expect(totalOf(counter, wrong)).toMatchObject({ joules: 2000, seconds: 10, gaps: 1, gapSeconds: 4 });
    // Of 6 s only the first tenth after the gap is off, by half: 10 J of 1200 J.
    expect(totalOf(counter, wrong).deviationPercent).toBeCloseTo((-100 * 10) / 1200, 9);
  });

  it('has no gap where at most three samples in a row are missing a successor', () => {
    expect(totalOf(counter, [steady(1, 1)[0]!, steady(1, 1)[3]!]).gaps).toBe(0);
    expect(totalOf(counter, [steady(1, 1)[0]!, steady(1, 1)[4]!]).gaps).toBe(1);
  });

  it('bridges samples in which the counter was not read', () => {
    const samples = steady(200, 2).map((sample) =>
      sample.seconds > 0.9 && sample.seconds < 1.1 ? { seconds: sample.seconds, watts: 200 } : sample,
    );
    expect(totalOf(counter, samples)).toMatchObject({ joules: 400, seconds: 2, gaps: 0, unknownSeconds: 0 });
    expect(totalOf(counter, samples).deviationPercent).toBeCloseTo(0, 9);
  });

  it('ends at the last sample in which the counter was read', () => {
    const samples = [...steady(200, 1), { seconds: 1.1, watts: 200 }, { seconds: 1.2 }];
    expect(totalOf(counter, samples)).toMatchObject({ joules: 200, seconds: 1, until: 1 });
  });
});

describe('the energy of a device without a counter', () => {
  it('is the integral of its power, by the trapezoidal rule', () => {
    const samples = [
      { seconds: 10, watts: 100 },
      { seconds: 10.1, watts: 200 },
      { seconds: 10.3, watts: 0 },
    ];
    // 150 * 0.1 + 100 * 0.2
    expect(totalOf(sampled, samples)).toMatchObject({
      joules: expect.closeTo(35, 9),
      seconds: expect.closeTo(0.3, 9),
      gaps: 0,
      deviationPercent: undefined,
    });
  });

  it('is bridged in gaps, which are counted', () => {
    const samples = [{ seconds: 0, watts: 100 }, { seconds: 0.1 }, { seconds: 2, watts: 200 }];
    expect(totalOf(sampled, samples)).toMatchObject({ joules: 300, seconds: 2, gaps: 1, gapSeconds: 2 });
  });
});

describe('a counter that wraps', () => {
  const range = 65_536;
  const wrapping: EnergyIntegralOptions = { ...counter, wrapJoules: range };

  it('goes on from 0', () => {
    const samples = [
      { seconds: 0, joules: 65_530 },
      { seconds: 0.1, joules: 4 },
    ];
    expect(totalOf(wrapping, samples)).toMatchObject({ joules: 10, resets: 0, unknownSeconds: 0 });
  });

  it('was reset when a wrap would be more than a processor can draw', () => {
    const samples = [
      { seconds: 0, joules: 30_000 },
      { seconds: 0.1, joules: 4 },
    ];
    expect(totalOf(wrapping, samples)).toMatchObject({ joules: 0, resets: 1, unknownSeconds: 0.1 });
  });

  it('is not believed after so long that it may have wrapped unseen', () => {
    const after = (seconds: number): EnergyTotal =>
      totalOf(wrapping, [
        { seconds: 0, joules: 100 },
        { seconds, joules: 1100 },
      ]);
    // At 3000 W, with a second for late updates, 66,536 J take 21.2 s.
    expect(after(21)).toMatchObject({ joules: 1000, unknownSeconds: 0 });
    expect(after(22)).toMatchObject({ joules: 0, unknownSeconds: 22 });
  });

  it('gives the same joules wherever it wraps', () => {
    const gains = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 400 });
    const law = fc.property(gains, fc.integer({ min: 0, max: range - 1 }), (each, offset) => {
      const sums = each.reduce((all, gain) => [...all, all.at(-1)! + gain], [0]);
      const at = (start: number): EnergySample[] =>
        sums.map((sum, index) => ({ seconds: index / 10, joules: (start + sum) % range }));
      const total = totalOf(wrapping, at(offset));
      expect(total).toEqual(
        totalOf(
          counter,
          sums.map((joules, index) => ({ seconds: index / 10, joules })),
        ),
      );
      expect(total.joules).toBe(sums.at(-1));
    });
    fc.assert(law, { numRuns: 300 });
  });
});

/** Samples with gaps, resets, wrong power; every one of them has counter and power. */
const history = fc
  .array(
    fc.record({
      seconds: fc.constantFrom(0.1, 0.1, 0.1, 0.25, 2),
      gain: fc.integer({ min: -50_000, max: 100 }),
      watts: fc.integer({ min: 0, max: 700 }),
    }),
    { minLength: 2, maxLength: 60 },
  )
  .map((steps) => {
    let seconds = 0;
    let joules = 10_000;
    return steps.map((step) => {
      seconds += step.seconds;
      joules = step.gain < -40_000 ? 0 : joules + Math.max(0, step.gain);
      return { seconds, joules, watts: step.watts };
    });
  });

describe.each([counter, sampled, { ...counter, wrapJoules: 20_000 }])('with %o', (options) => {
  it('the totals of two spans add up to that of both', () => {
    const law = fc.property(history, fc.nat(), (samples, where) => {
      const cut = where % samples.length;
      const whole = totalOf(options, samples);
      const parts = [totalOf(options, samples.slice(0, cut + 1)), totalOf(options, samples.slice(cut))];
      const figures = [
        'joules',
        'seconds',
        'unknownSeconds',
        'estimatedSeconds',
        'resets',
        'gaps',
        'gapSeconds',
      ] as const;
      for (const figure of figures) {
        expect(parts[0]![figure] + parts[1]![figure], figure).toBeCloseTo(whole[figure], 6);
      }
      expect(whole.seconds + whole.unknownSeconds).toBeCloseTo(
        samples.at(-1)!.seconds - samples[0]!.seconds,
        6,
      );
    });
    fc.assert(law, { numRuns: 300 });
  });
});
