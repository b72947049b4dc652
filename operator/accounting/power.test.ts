import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { powerSeries, type PowerSample } from './power.ts';

/** One sample a second from 0 on. */
function everySecond(...watts: readonly number[]): PowerSample[] {
  return watts.map((each, seconds) => ({ seconds, watts: each }));
}

describe('energy of sampled power', () => {
  it('is the area below the lines between the samples', () => {
    const series = powerSeries(everySecond(100, 200, 200, 0));
    expect(series.energyOf({ start: 0, end: 3 })).toEqual({ joules: 450, gaps: 0 }); // 150 + 200 + 100
    // Half a second from 100 to 150 W, and from 200 to 100 W.
    expect(series.energyOf({ start: 0, end: 0.5 })).toEqual({ joules: 62.5, gaps: 0 });
    expect(series.energyOf({ start: 2, end: 2.5 }).joules).toBeCloseTo(75, 9);
  });

  it('holds the nearest sample a little beyond the ends, and is unknown further out', () => {
    const series = powerSeries(everySecond(100, 100, 40));
    expect(series.energyOf({ start: -2, end: 4 }).joules).toBeCloseTo(200 + 170 + 80, 9);
    expect(series.energyOf({ start: -4, end: 1 })).toEqual({
      joules: null,
      reason: 'The power samples begin too late.',
      gaps: 0,
    });
    expect(series.energyOf({ start: 1, end: 6 })).toMatchObject({
      joules: null,
      reason: 'The power samples end too early.',
    });
    expect(powerSeries([]).energyOf({ start: 0, end: 1 })).toMatchObject({
      joules: null,
      reason: 'There are no power samples.',
    });
  });

  it('bridges a gap and counts it, and is unknown where gaps are more than a tenth', () => {
    const samples = [...everySecond(...Array.from({ length: 91 }, () => 100)), { seconds: 96, watts: 200 }];
    const more = Array.from({ length: 10 }, (_, index) => ({ seconds: 97 + index, watts: 200 }));
    const series = powerSeries([...samples, ...more]);
    // 90 s at 100 W, 6 s from 100 to 200 W, 10 s at 200 W.
    expect(series.energyOf({ start: 0, end: 106 })).toEqual({ joules: 9000 + 900 + 2000, gaps: 1 });
    expect(series.energyOf({ start: 80, end: 100 })).toEqual({
      joules: null,
      reason: 'There are no power samples for 6 of 20 s.',
      gaps: 1,
    });
  });

  it('leaves out what is no power', () => {
    const series = powerSeries(everySecond(100, 9.22e18, 100, NaN, 100));
    expect(series.energyOf({ start: 0, end: 4 })).toEqual({ joules: 400, gaps: 0 });
  });

  it('survives a counter that starts again at 0', () => {
    // 100 W throughout; in the third second the counter of 65,536 J wraps.
    const log = { counterRangeJoules: 65_536 };
    const wrapped = powerSeries(everySecond(100, 100, 100, 100 - 65_536, 100), log);
    expect(wrapped.energyOf({ start: 0, end: 4 }).joules).toBeCloseTo(400, 9);
    // Two seconds between the samples: the range is spread over both.
    const slow = powerSeries(
      [
        { seconds: 0, watts: 100 },
        { seconds: 2, watts: 160 - 65_536 / 2 },
        { seconds: 4, watts: 100 },
      ],
      log,
    );
    expect(slow.energyOf({ start: 0, end: 4 }).joules).toBeCloseTo(260 + 260, 9);
    // Of another counter: no power comes out, so the sample is left out, and the line goes on.
    const other = powerSeries(everySecond(100, 100, -200_000, 100), log);
    expect(other.energyOf({ start: 0, end: 3 })).toEqual({ joules: 300, gaps: 0 });
  });

  it('adds up over neighbouring intervals', () => {
    const watts = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 60 });
    const cut = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(watts, cut, (each, at) => {
        const series = powerSeries(everySecond(...each));
        const end = each.length - 1;
        const parts = [
          { start: 0, end: end * at },
          { start: end * at, end },
        ].map((part) => series.energyOf(part).joules ?? NaN);
        expect(parts[0]! + parts[1]!).toBeCloseTo(series.energyOf({ start: 0, end }).joules ?? NaN, 6);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
