import { describe, expect, it } from 'vitest';
import { ApiError } from '../../operator/kube/api-error.ts';
import { ConnectionError } from '../../operator/kube/connection-error.ts';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import { expired, FakeSource } from '../../operator/kube/testing/fake-source.ts';
import type { Widget } from '../../operator/kube/testing/resources.ts';
import { follow } from './follow.ts';

const broken = () => new ConnectionError('WATCH', Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
const refused = (httpStatus: number) => new ApiError({ httpStatus, status: undefined, where: 'LIST' });

/** Follows `a` of a source until it is blue, and notes down its colours. */
function start(source: FakeSource, uid = 'uid-1') {
  const clock = new FakeClock();
  const controller = new AbortController();
  const colours: string[] = [];
  const problems: string[] = [];
  const visit = ({ metadata }: Widget): boolean => {
    colours.push(metadata.labels?.['colour'] ?? '');
    return colours.at(-1) === 'blue';
  };
  const onProblem = ({ code }: { code: string }): void => void problems.push(code);
  const end = follow(source, { clock, signal: controller.signal, uid, visit, onProblem });
  end.catch(() => undefined);
  return { clock, controller, colours, problems, end };
}

function sourceWith(colour: string): FakeSource {
  const source = new FakeSource();
  source.write('a', colour);
  return source;
}

describe('an object is followed', () => {
  it('from as it is until enough has been seen, and not beyond', async () => {
    const source = sourceWith('red');
    const { clock, colours, end } = start(source);
    await clock.advance(1);
    for (const colour of ['green', 'blue', 'grey']) source.write('a', colour);
    expect(await end).toBe('Seen');
    expect(colours).toEqual(['red', 'green', 'blue']);
    expect(clock.pending).toBe(0);
  });

  it('through a lost connection and a forgotten version', async () => {
    const source = sourceWith('red');
    const { clock, colours, problems, end } = start(source);
    await clock.advance(1);
    source.cut(broken());
    await clock.advance(60);
    source.write('a', 'green');
    await clock.advance(1);
    source.forget();
    source.cut(expired());
    source.write('a', 'blue');
    await clock.advance(60);
    expect(await end).toBe('Seen');
    expect(colours).toEqual(['red', 'green', 'blue']);
    expect(problems).toEqual(['cluster/unreachable']);
  });

  it('until it is deleted', async () => {
    const source = sourceWith('red');
    const { clock, end } = start(source);
    await clock.advance(1);
    source.remove('a');
    expect(await end).toBe('Gone');
  });

  it('and is gone where it went before it could be followed', async () => {
    expect(await start(new FakeSource()).end).toBe('Gone');
  });

  it('and is gone where another one has its name', async () => {
    const { end, colours } = start(sourceWith('red'), 'uid-of-an-earlier-one');
    expect(await end).toBe('Gone');
    expect(colours).toEqual([]);
  });

  it('until the user stops it', async () => {
    const { clock, controller, end } = start(sourceWith('red'));
    await clock.advance(1);
    const reason = new Error('Ctrl-C');
    controller.abort(reason);
    await expect(end).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });

  it('unless the user may not', async () => {
    const source = sourceWith('red');
    source.failures.push(refused(403));
    await expect(start(source).end).rejects.toMatchObject({ code: 'cluster/forbidden' });
  });

  it('with credentials that ran out and were renewed, but not with ones that are refused again', async () => {
    const source = sourceWith('red');
    source.failures.push(refused(401));
    const { clock, controller, colours } = start(source);
    await clock.advance(5);
    expect(colours).toEqual(['red']);
    controller.abort();
    source.failures.push(refused(401), refused(401));
    const second = start(source);
    await second.clock.advance(5);
    await expect(second.end).rejects.toMatchObject({ code: 'cluster/unauthorized' });
  });

  it('and a defect in what looks at it is not hidden', async () => {
    const visit = (): boolean => {
      throw new Error('defect');
    };
    const { signal } = new AbortController();
    const end = follow(sourceWith('red'), { clock: new FakeClock(), signal, uid: 'uid-1', visit });
    await expect(end).rejects.toThrow('defect');
  });
});
