import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnergyTrack, type DeviceSample } from './energy-track.ts';

function trackOf(
  method: EnergyTrack['method'],
  samples: readonly DeviceSample[],
  mostSamples?: number,
): EnergyTrack {
  const track = new EnergyTrack({
    method,
    longestSeconds: 30,
    ...(mostSamples === undefined ? {} : { mostSamples }),
  });
  for (const sample of samples) track.add(sample);
  return track;
}

/** A counter at 1 MJ that is read at these seconds; the device draws 100 W until second 100, and 300 W from then on. */
function counter(...seconds: readonly number[]): DeviceSample[] {
  return seconds.map((each) => ({
    seconds: each,
    joules: 1_000_000 + 100 * each + 200 * Math.max(0, each - 100),
  }));
}

const every10 = (until: number): number[] => Array.from({ length: until / 10 + 1 }, (_, index) => 10 * index);

describe('the energy of a counter that is read now and then', () => {
  it('is exact between samples, and even between them where the power was the same', () => {
    const track = trackOf('Counter', counter(...every10(200)));
    expect(track.energyOf({ start: 20, end: 140 })).toEqual({ joules: 8000 + 12_000, gaps: 0 });
    expect(track.energyOf({ start: 13, end: 57 }).joules).toBeCloseTo(4400, 6);
    expect(track.method).toBe('Counter');
  });

  it('goes on a little beyond the ends, and is unknown further out', () => {
    const track = trackOf('Counter', counter(...every10(200)));
    expect(track.energyOf({ start: -20, end: 220 }).joules).toBeCloseTo(2000 + 40_000 + 6000, 6);
    expect(track.energyOf({ start: -31, end: 100 })).toEqual({
      joules: null,
      reason: 'The samples begin too late.',
      gaps: 0,
    });
    expect(track.energyOf({ start: 0, end: 231 }).reason).toBe('The samples end too early.');
    expect(trackOf('Counter', counter(0)).energyOf({ start: 0, end: 1 })).toEqual({
      joules: null,
      reason: 'There are not enough samples.',
      gaps: 0,
    });
  });

  it('loses nothing while nobody looks, but knows no moment in between', () => {
    const track = trackOf('Counter', counter(0, 10, 90, 100));
    expect(track.energyOf({ start: 0, end: 100 })).toEqual({ joules: 10_000, gaps: 0 });
    // Half of the gap is in it: 40 of 50 s.
    expect(track.energyOf({ start: 0, end: 50 })).toEqual({
      joules: null,
      reason: 'There are no samples for 40 of 50 s.',
      gaps: 1,
    });
    expect(track.energyOf({ start: 5, end: 15 }).joules).toBeNull();
    // 5 of 905 s are bridged.
    expect(trackOf('Counter', counter(...every10(900), 990)).energyOf({ start: 0, end: 905 })).toMatchObject({
      gaps: 1,
      joules: 90_500 + 200 * 805,
    });
    // 40 of 540 s, which count once.
    expect(
      trackOf('Counter', counter(...every10(900), 990)).energyOf({ start: 400, end: 940 }),
    ).toMatchObject({
      gaps: 1,
      joules: 540 * 300,
    });
  });

  it('leaves out figures that are not fresh, or none', () => {
    const stale = counter(0, 30, 60).flatMap((sample) => [
      sample,
      { ...sample, seconds: sample.seconds + 10 },
      { seconds: sample.seconds + 20, joules: NaN },
    ]);
    const track = trackOf('Counter', stale);
    expect(track.size).toBe(3);
    expect(track.energyOf({ start: 10, end: 50 }).joules).toBeCloseTo(4000, 6);
  });

  it('is unknown where the counter was set anew, and known before and after', () => {
    const before = counter(0, 10, 20);
    const after = [30, 40, 50].map((seconds) => ({ seconds, joules: 200 * (seconds - 25) }));
    const track = trackOf('Counter', [...before, ...after]);
    expect(track.energyOf({ start: 0, end: 20 }).joules).toBe(2000);
    expect(track.energyOf({ start: 30, end: 50 }).joules).toBe(4000);
    expect(track.energyOf({ start: 10, end: 40 })).toEqual({
      joules: null,
      reason: 'The energy counter was set anew.',
      gaps: 0,
    });
    // 1 MJ in 10 s is none that a device draws.
    const jumped = [...before, { seconds: 30, joules: 2_002_000 }];
    expect(trackOf('Counter', jumped).energyOf({ start: 0, end: 30 }).joules).toBeNull();
  });
});

describe('the energy of polled power', () => {
  it('is the area below the lines between the samples', () => {
    const watts = [100, 200, 200, 0];
    const samples = watts.map((each, index) => ({ seconds: 10 * index, watts: each }));
    // 1500 + 2000 + 1000
    expect(trackOf('SampledPower', samples).energyOf({ start: 0, end: 30 })).toEqual({
      joules: 4500,
      gaps: 0,
    });
  });

  it('is unknown where nobody looked for more than a tenth', () => {
    const power = (...seconds: readonly number[]) => seconds.map((each) => ({ seconds: each, watts: 100 }));
    const track = trackOf('SampledPower', power(0, 10, 90, 100, ...every10(1000).slice(11)));
    expect(track.energyOf({ start: 0, end: 100 })).toEqual({
      joules: null,
      reason: 'There are no samples for 80 of 100 s.',
      gaps: 1,
    });
    expect(track.energyOf({ start: 0, end: 1000 })).toEqual({ joules: 100_000, gaps: 1 });
    expect(track.energyOf({ start: 200, end: 300 })).toEqual({ joules: 10_000, gaps: 0 });
  });

  it('leaves out what is no power, as the figure for "blank"', () => {
    const samples = [100, 9.22e18, NaN, -1, 100].map((watts, seconds) => ({ seconds, watts }));
    expect(trackOf('SampledPower', samples).energyOf({ start: 0, end: 4 }).joules).toBe(400);
  });
});

it('keeps the sum however long it runs, in bounded memory', () => {
  const track = trackOf('Counter', counter(...every10(50_000)), 64);
  expect(track.size).toBeLessThanOrEqual(64);
  expect(track.energyOf({ start: 0, end: 50_000 }).joules).toBeCloseTo(5_000_000 + 200 * 49_900, 3);
  // What is thinned out is no gap.
  expect(track.energyOf({ start: 1000, end: 50_000 }).gaps).toBe(0);
  // The newest samples are all there.
  expect(track.energyOf({ start: 49_940, end: 49_990 }).joules).toBeCloseTo(15_000, 6);
});

describe('a long run that is looked at every second', () => {
  /** 50 W for half an hour and 300 W from then on. */
  function stepped(hours: number, longestSeconds = 5): EnergyTrack {
    const track = new EnergyTrack({ method: 'SampledPower', longestSeconds });
    for (let seconds = 0; seconds <= hours * 3600; seconds += 1) {
      track.add({ seconds, watts: seconds < 1800 ? 50 : 300 });
    }
    return track;
  }

  it.each([3, 10, 40])('still tells after %i h what the first half hour drew', (hours) => {
    const track = stepped(hours);
    const { joules, gaps } = track.energyOf({ start: 0, end: 1800 });
    // Of 90,000 J; a moment is known to so many seconds as there are samples for, at 250 W more or less.
    expect(Math.abs((joules ?? NaN) - 90_000)).toBeLessThanOrEqual(250 * ((hours * 3600) / 1024));
    expect(gaps).toBe(0);
    const end = hours * 3600;
    expect(track.energyOf({ start: 0, end }).joules).toBeCloseTo(90_125 + 300 * (end - 1800), 3);
    expect(track.size).toBeLessThanOrEqual(2048);
  });

  it('is as exact in the middle as it is at the begin', () => {
    const track = stepped(10);
    for (let start = 1900; start < 34_000; start += 1777) {
      expect(track.energyOf({ start, end: start + 1777 }).joules, `${start} s`).toBeCloseTo(1777 * 300, 3);
    }
    const across = track.energyOf({ start: 1100, end: 2500 }).joules ?? NaN;
    expect(Math.abs(across - (700 * 50 + 700 * 300))).toBeLessThanOrEqual(250 * 36);
  });

  it('does not guess at what is short compared with the distance of the samples that stay', () => {
    const track = stepped(10);
    const { joules, reason } = track.energyOf({ start: 1790, end: 1850 });
    expect(joules).toBeNull();
    expect(reason).toMatch(
      /^It is too long ago: of the samples around its begin and end, \d+ of 60 s were thinned out\.$/,
    );
    // All of it between two samples that stay.
    expect(track.energyOf({ start: 1801, end: 1803 }).joules).toBeNull();
    // The last samples are all there.
    expect(track.energyOf({ start: 35_990.5, end: 35_993 }).joules).toBeCloseTo(750, 6);
  });

  it('takes samples as far apart as they may be for as good as they would be otherwise', () => {
    expect(stepped(3, 30).energyOf({ start: 5001, end: 5061 }).joules).toBeCloseTo(60 * 300, 6);
  });
});

describe('with more gaps than are kept apart', () => {
  /** Of every 1000 s, the last 40, 80 or 120 without a sample. */
  const gapsOf = (count: number, longest = 120) =>
    Array.from({ length: count }, (_, index) => ({
      start: 1000 * (index + 1) - Math.min(longest, 40 * (1 + (index % 3))),
      end: 1000 * (index + 1),
    }));

  function trackWith(gaps: readonly { start: number; end: number }[], method: EnergyTrack['method']) {
    const track = new EnergyTrack({ method, longestSeconds: 30, mostSamples: 100_000 });
    const moments = every10(1000 * gaps.length + 500);
    for (const seconds of moments) {
      if (gaps.some(({ start, end }) => seconds > start && seconds < end)) continue;
      track.add(method === 'Counter' ? { seconds, joules: 100 * seconds } : { seconds, watts: 100 });
    }
    return track;
  }

  it('counts them all', () => {
    // Five have become one of 4040 s, and 255 take 40 s each: 14,240 of 260,500 s.
    const track = trackWith(gapsOf(260, 40), 'SampledPower');
    expect(track.energyOf({ start: 0, end: 260_500 })).toEqual({ joules: 26_050_000, gaps: 260 });
  });

  it.each(['SampledPower', 'Counter'] as const)('never takes what nobody saw for known: %s', (method) => {
    const gaps = gapsOf(300);
    const track = trackWith(gaps, method);
    const end = 300_500;
    const moment = fc.integer({ min: 0, max: end });
    let known = 0;
    fc.assert(
      fc.property(moment, fc.integer({ min: 1, max: 3000 }), (start, seconds) => {
        const part = { start, end: Math.min(end, start + seconds) };
        const missing = gaps.reduce((total, gap) => {
          const isBridged = method === 'Counter' && gap.start >= part.start && gap.end <= part.end;
          const shared = Math.min(gap.end, part.end) - Math.max(gap.start, part.start);
          return total + (isBridged ? 0 : Math.max(0, shared));
        }, 0);
        const { joules } = track.energyOf(part);
        if (joules === null) return;
        known += 1;
        expect(missing).toBeLessThanOrEqual((part.end - part.start) / 10);
        expect(joules).toBeCloseTo(100 * (part.end - part.start), 3);
      }),
      { seed: 1, numRuns: 5000 },
    );
    expect(known).toBeGreaterThan(1000);
    // The oldest ones, which have become one, are still gaps, and so is now what lay between them.
    expect(track.energyOf({ start: 970, end: 1000 }).joules).toBeNull();
    expect(track.energyOf({ start: 20_940, end: 21_000 }).joules).toBeNull();
    expect(track.energyOf({ start: 20_100, end: 20_200 }).joules).toBeNull();
    // A counter goes on meanwhile.
    expect(track.energyOf({ start: 0, end }).joules).toBe(method === 'Counter' ? 100 * end : null);
  });
});

it('adds up over neighbouring intervals', () => {
  const watts = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 3, maxLength: 40 });
  fc.assert(
    fc.property(watts, fc.double({ min: 0, max: 1, noNaN: true }), (each, at) => {
      const track = trackOf(
        'SampledPower',
        each.map((value, index) => ({ seconds: 10 * index, watts: value })),
      );
      const end = 10 * (each.length - 1);
      const [left, right] = [
        { start: 0, end: end * at },
        { start: end * at, end },
      ].map((part) => track.energyOf(part).joules ?? NaN);
      expect(left! + right!).toBeCloseTo(track.energyOf({ start: 0, end }).joules ?? NaN, 5);
    }),
    { seed: 1, numRuns: 200 },
  );
});
