import { describe, expect, it } from 'vitest';
import { DeviceMeter, type EnergySource, type SourceSample } from './device-meter.ts';
import type { Sharing } from './sharing.ts';

/** A card of constant power whose clock and troubles a test turns. */
class Card implements EnergySource {
  readonly device = 'GPU-1';
  readonly kind = 'GPU';
  readonly model = 'A100';
  readonly method: EnergySource['method'];
  now = 50;
  watts = 200;
  /** What the power sensor shows of the true power. */
  scale = 1;
  joules = 7000;
  failure: string | undefined;
  shared: Sharing = { kind: 'None' };
  readonly meter: DeviceMeter;

  constructor(method: EnergySource['method'] = 'Counter') {
    this.method = method;
    this.meter = new DeviceMeter(this, { seconds: () => this.now, periodSeconds: 0.1 });
  }

  read(seconds: () => number): SourceSample {
    if (this.failure !== undefined) return { seconds: seconds(), failure: this.failure };
    return { seconds: seconds(), joules: this.joules, watts: this.watts * this.scale };
  }

  sharing(): Sharing {
    return this.shared;
  }

  /** Time passes, with or without samples. */
  run(seconds: number, { sampled = true } = {}): void {
    const end = this.now + seconds;
    while (this.now < end - 1e-9) {
      this.now += 0.1;
      this.joules += this.watts * 0.1;
      if (sampled) this.meter.sample();
    }
  }
}

const near = (value: number): unknown => expect.closeTo(value, 6);
const shared: Sharing = { kind: 'Shared', reason: 'not attributable: others' };

describe('a meter', () => {
  it('tells what was used since it began, and the power before as the idle one', () => {
    const card = new Card();
    card.watts = 60;
    card.run(3);
    card.meter.begin({ idleBaseline: true });
    card.watts = 200;
    card.run(5);
    expect(card.meter.reading()).toEqual({
      device: 'GPU-1',
      kind: 'GPU',
      model: 'A100',
      joules: near(1000),
      knownJoules: near(1000),
      method: 'Counter',
      // The first tenth of a second, in which power rose: (60 + 200) / 2 W instead of 200 W.
      deviationPercent: near((-100 * 7) / 1000),
      gaps: 0,
      gapSeconds: 0,
      estimatedSeconds: 0,
      seconds: near(5),
      meanWatts: near(200),
      idleWatts: near(60),
      sharing: 'None',
    });
  });

  it('has no idle power unless that is asked for', () => {
    const card = new Card();
    card.run(3);
    card.meter.begin({ idleBaseline: false });
    card.run(1);
    expect(card.meter.reading()).not.toHaveProperty('idleWatts');
  });

  it('knows at the very start that nothing was used', () => {
    const card = new Card();
    card.meter.begin({ idleBaseline: false });
    expect(card.meter.reading()).toMatchObject({ joules: 0, seconds: 0, meanWatts: null });
    expect(card.meter.reading()).not.toHaveProperty('reason');
  });

  it('is silent about a sample that failed, and knows everything again with the next one', () => {
    const card = new Card();
    card.run(1);
    card.failure = 'the driver did not answer in time';
    card.run(0.1);
    expect(card.meter.reading()).toMatchObject({ joules: near(200), seconds: near(1) });
    card.failure = undefined;
    card.run(0.9);
    expect(card.meter.reading()).toMatchObject({ joules: near(400), gaps: 0 });
  });

  it('knows no more once the card is lost, but what was used before', () => {
    const card = new Card();
    card.run(2);
    card.failure = 'the GPU is lost';
    card.run(4);
    expect(card.meter.reading()).toMatchObject({
      joules: null,
      knownJoules: near(400),
      seconds: near(2),
      meanWatts: null,
      reason: 'the GPU is lost; nothing is known of the last 4.0 s',
    });
  });

  it('says that a reset was bridged with sampled power', () => {
    const card = new Card();
    card.run(2);
    card.joules = 0;
    card.run(2);
    expect(card.meter.reading()).toMatchObject({
      joules: near(800),
      method: 'Counter',
      estimatedSeconds: near(0.1),
      reason: 'the counter was reset: 0.1 s are estimated from sampled power',
    });
  });

  it('does not know what a reset in a gap has hidden', () => {
    const card = new Card();
    card.run(2);
    card.run(1.9, { sampled: false });
    card.joules = 0;
    card.run(2);
    expect(card.meter.reading()).toMatchObject({
      joules: null,
      knownJoules: near(400 + 380),
      reason: 'the energy of 2.0 s is unknown: the counter was set anew, or could not be read',
    });
  });

  it.each([
    { scale: 1.09, reason: undefined },
    { scale: 1.11, reason: 'counter and sampled power differ by 11%' },
    { scale: 0.5, reason: 'counter and sampled power differ by 50%' },
  ])('warns when the two ways to measure differ: $scale', ({ scale, reason }) => {
    const card = new Card();
    card.scale = scale;
    card.meter.begin({ idleBaseline: false });
    card.run(3);
    expect(card.meter.reading()).toMatchObject({
      joules: near(600),
      deviationPercent: near(100 * (scale - 1)),
    });
    expect(card.meter.reading().reason).toBe(reason);
  });
});

describe('a meter without a counter', () => {
  it('takes a short gap from the power before and after', () => {
    const card = new Card('SampledPower');
    card.run(5);
    card.run(0.4, { sampled: false });
    card.run(5);
    expect(card.meter.reading()).toMatchObject({
      joules: near(2080),
      method: 'SampledPower',
      gaps: 1,
      reason: 'power was not sampled for 0.5 s and is taken from before and after',
    });
    expect(card.meter.reading()).not.toHaveProperty('deviationPercent');
  });

  it('does not know what was used when a tenth of the time was not sampled', () => {
    const card = new Card('SampledPower');
    card.run(5);
    card.run(1.4, { sampled: false });
    card.run(5);
    expect(card.meter.reading()).toMatchObject({
      joules: null,
      knownJoules: near(2280),
      reason: 'power was not sampled for 13% of the time',
    });
  });
});

describe('a card that is shared', () => {
  it('from the start has no joules', () => {
    const card = new Card();
    card.run(3);
    card.shared = shared;
    card.meter.begin({ idleBaseline: false });
    card.run(3);
    expect(card.meter.reading()).toMatchObject({
      joules: null,
      knownJoules: 0,
      seconds: 0,
      sharing: 'Shared',
      reason: 'not attributable: others',
    });
  });

  it('for a while has none from then on, and what was known before', () => {
    const card = new Card();
    card.run(3);
    card.shared = shared;
    card.run(2);
    card.shared = { kind: 'None' };
    card.run(5);
    const reading = card.meter.reading();
    expect(reading).toMatchObject({ joules: null, reason: 'not attributable: others' });
    // One looks once a second.
    expect(reading.knownJoules).toBeGreaterThanOrEqual(400 - 1e-6);
    expect(reading.knownJoules).toBeLessThanOrEqual(600 + 1e-6);
  });

  it('only before it began is not', () => {
    const card = new Card();
    card.shared = shared;
    card.run(3);
    card.shared = { kind: 'None' };
    card.meter.begin({ idleBaseline: true });
    card.run(3);
    expect(card.meter.reading()).toMatchObject({ joules: near(600), sharing: 'None' });
    expect(card.meter.reading()).not.toHaveProperty('idleWatts');
  });

  it('perhaps once is perhaps shared for good', () => {
    const card = new Card();
    card.shared = { kind: 'Unknown' };
    card.run(2);
    card.shared = { kind: 'None' };
    card.run(2);
    expect(card.meter.reading()).toMatchObject({ joules: near(800), sharing: 'Unknown' });
  });
});
