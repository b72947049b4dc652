import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  anObserved,
  at,
  aPlan,
  collapsed,
  distilled,
  prepared,
  running,
} from '../../operator/decide/builders.ts';
import { decide } from '../../operator/decide/decide.ts';
import type { Observed } from '../../operator/decide/observed.ts';
import type { RunUpdate } from '../../operator/local/run-job.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import type { Terminal } from '../terminal.ts';
import { elapsedSeconds } from './job-update.ts';
import { plainView } from './plain-view.ts';
import { frame, liveView } from './progress-view.ts';

const progress: Progress = {
  version: 1,
  stage: 'Distill',
  unit: 'unit-002',
  attempt: 'attempt-001',
  activity: 'Training',
  fraction: 0.6,
  samplesPerSecond: 1234,
  etaSeconds: 12,
  blocks: [{ name: 'c', state: 'Training', epoch: 5, epochs: 10, step: 6, steps: 10, loss: 0.0123456 }],
};

function updateOf(observed: Observed): RunUpdate {
  const { status, events } = decide(observed, at(20));
  return { observed, status, events };
}

const some = updateOf(
  anObserved([distilled('unit-000', 'a'), collapsed('unit-001', 'b'), running('unit-002', { progress })]),
);
const size = { columns: 100, rows: 24, color: false };

describe('the live picture', () => {
  it('has a header and a line for each block with bar, loss, images a second and time left', () => {
    expect(frame('mnist', some, { terminal: size, elapsedSeconds: 42 })).toEqual([
      // Prepare 10 s, units of 10, 20 and 30 s of which the last is at 60 %: (10 + 10 + 20 + 18) of 70.
      'mnist  distilling  2/3 blocks  82%  1 worker  0:42 elapsed  about 0:12 left',
      '  a  done  unexplained 4.6%  score -2.00 points  9.88 s',
      '  b  collapsed  unexplained variance is 1.3',
      '  c  [############--------]  60%  epoch 6/10  loss 0.01235  1.23k images/s  0:12 left',
    ]);
  });

  it('is never wider than the terminal', () => {
    const lines = frame('mnist', some, { terminal: { ...size, columns: 40 }, elapsedSeconds: 42 });
    expect(Math.max(...lines.map((line) => line.length))).toBe(39);
  });

  it('does not count colour as width', () => {
    const lines = frame('mnist', some, {
      terminal: { ...size, columns: 40, color: true },
      elapsedSeconds: 42,
    });
    const plain = lines.map(stripVTControlCharacters);
    expect(plain).toEqual(frame('mnist', some, { terminal: { ...size, columns: 40 }, elapsedSeconds: 42 }));
  });

  it('shows what runs when there is no room for every block', () => {
    const names = Array.from({ length: 40 }, (_, index) => `block_${index}`);
    const attempts = [running('unit-039'), distilled('unit-000', 'block_0')];
    const update = updateOf(anObserved(attempts, { prepared: prepared(aPlan(names)) }));
    const lines = frame('big', update, { terminal: { ...size, rows: 10 }, elapsedSeconds: 0 });
    expect(lines.length).toBeLessThan(10);
    expect(lines[1]).toContain('block_39');
    expect(lines.at(-1)).toBe('  and 34 more');
  });

  it('is redrawn in its place', () => {
    const { terminal, text } = recorder(true);
    const view = liveView('mnist', terminal, () => at(0));
    view.update(some);
    view.close();
    // Drawn at once because of a warning, and once more at the end: four lines up, then erase what is below.
    const [first, second] = text().split('\u001b[4A\r\u001b[J');
    expect(first).toBe(`warning: Block b stays the teacher's: unexplained variance is 1.3\n${second}`);
    expect(second?.trimEnd().split('\n')).toHaveLength(4);
  });
});

describe('of a job that others run, from its status alone', () => {
  const told = { status: some.status, events: [] };

  it('the picture has bars too, and what the status says goes on', () => {
    expect(frame('mnist', told, { terminal: size, elapsedSeconds: 42 })).toEqual([
      'mnist  distilling  2/3 blocks  82%  1 in training  0:42 elapsed  about 0:12 left',
      '  a  done  unexplained 4.6%  score -2.00 points  9.88 s',
      '  b  collapsed  unexplained variance is 1.3',
      '  c  [############--------]  60%  loss 0.01235',
      '  1 of 3 units are running.',
    ]);
  });

  it('no progress is not 0 %, and no start no time', () => {
    const status = {
      ...told.status,
      blocks: [{ name: 'c', layers: 'c', state: 'Running' as const }],
      conditions: [],
    };
    const lines = frame('mnist', { ...told, status }, { terminal: size, elapsedSeconds: undefined });
    expect(lines).toEqual([
      'mnist  distilling  2/3 blocks  82%  1 in training  about 0:12 left',
      '  c  in training, how far is unknown',
    ]);
  });

  it('nothing but the phase is known of a job that nobody has taken up', () => {
    const update = { status: { observedGeneration: -1 }, events: [] };
    expect(frame('mnist', update, { terminal: size, elapsedSeconds: undefined })).toEqual(['mnist  pending']);
  });

  it.each([
    { of: 'a job that has not begun', status: {}, seconds: undefined },
    { of: 'one that runs', status: { startTime: '2026-01-01T08:59:00Z' }, seconds: 60 },
    { of: 'a cluster whose clock is ahead', status: { startTime: '2026-01-01T09:00:05Z' }, seconds: 0 },
    {
      of: 'one that has ended',
      status: { startTime: '2026-01-01T08:59:00Z', completionTime: '2026-01-01T08:59:42Z' },
      seconds: 42,
    },
  ])('the time of $of counts from its own start', ({ status, seconds }) => {
    expect(elapsedSeconds({ status, events: [] }, at(-1000), at(0))).toBe(seconds);
  });
});

describe('plain lines', () => {
  it('tell each thing once, with its time', () => {
    const { terminal, text } = recorder(false);
    const view = plainView('mnist', terminal, () => at(0));
    view.update(some);
    view.update({ ...some, events: [] });
    const lines = text().trim().split('\n');
    expect(lines).toEqual([
      '2026-01-01T09:00:00.000Z 1 of 3 units are running.',
      '2026-01-01T09:00:00.000Z a  done  unexplained 4.6%  score -2.00 points  9.88 s',
      '2026-01-01T09:00:00.000Z b  collapsed  unexplained variance is 1.3',
      '2026-01-01T09:00:00.000Z c  started',
    ]);
  });

  it('say how far the job is when nothing has been said for ten seconds', () => {
    const { terminal, text } = recorder(false);
    let now = at(0);
    const view = plainView('mnist', terminal, () => now);
    view.update(some);
    now = at(9);
    view.update({ ...some, events: [] });
    const before = text();
    now = at(10);
    view.update({ ...some, events: [] });
    expect(text().slice(before.length)).toBe(
      '2026-01-01T09:00:10.000Z mnist  distilling  2/3 blocks  82%  1 worker  0:10 elapsed  about 0:12 left\n',
    );
  });
});

function recorder(interactive: boolean): { terminal: Terminal; text: () => string } {
  let written = '';
  const terminal = { ...size, interactive, write: (text: string) => void (written += text) };
  return { terminal, text: () => written };
}
