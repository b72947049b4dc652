import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BlockstillError } from './error.ts';
import { createLogger, type LoggerOptions } from './logger.ts';

/** What a logger writes. */
function written(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString().trimEnd());
      done();
    },
  });
  const logger = createLogger({ level: 'info', format: 'json', stream, ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('a JSON log', () => {
  it('has a line with time, level, message and the fields of logger and line', () => {
    const { logger, last } = written({ fields: { unit: 'unit-003' } });
    logger.warn('The disk is slow', { seconds: 7 });
    const { timestamp, ...rest } = last();
    expect(Date.parse(String(timestamp))).toBeGreaterThan(0);
    expect(rest).toEqual({ level: 'warn', message: 'The disk is slow', unit: 'unit-003', seconds: 7 });
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = written({ level: 'warn' });
    logger.debug('no');
    logger.info('no');
    logger.warn('yes');
    logger.error('yes');
    expect(lines).toHaveLength(2);
  });

  it('keeps a message static though a field is called message or level', () => {
    const { logger, last } = written();
    logger.info('static', { message: 'another', level: 'error' });
    expect(last()).toMatchObject({ message: 'static', level: 'info' });
  });

  it('writes an error with name, message, code, stack, and the chain of its causes', () => {
    const { logger, last } = written();
    const socket = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = new BlockstillError('cluster/unreachable', 'The cluster did not answer.', {
      where: 'GET /api',
      hint: 'Is it on?',
      cause: new TypeError('fetch failed', { cause: socket }),
    });
    logger.error('No list', { error });
    expect(last()['error']).toMatchObject({
      name: 'BlockstillError',
      message: 'The cluster did not answer.',
      code: 'cluster/unreachable',
      where: 'GET /api',
      hint: 'Is it on?',
      stack: expect.stringContaining('logger.test.ts') as unknown,
      cause: {
        name: 'TypeError',
        message: 'fetch failed',
        cause: { name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
      },
    });
  });

  it('comes to an end with an error that is its own cause, and with a thrown value that is no error', () => {
    const { logger, last, lines } = written();
    const error = new Error('round', { cause: 'just a word' });
    logger.error('one', { error });
    expect(last()['error']).toMatchObject({ cause: { name: 'string', message: 'just a word' } });
    error.cause = error;
    logger.error('two', { error });
    expect(lines).toHaveLength(2);
  });
});

describe('a text log', () => {
  it('has the fields behind the message, quoted where they have to be', () => {
    const { logger, lines } = written({ format: 'text' });
    logger.info('Started', { port: 8080, host: '0.0.0.0', said: 'well done', none: undefined });
    expect(lines[0]).toMatch(/^\S+Z INFO {2}Started port=8080 host=0\.0\.0\.0 said="well done"$/);
  });

  it('has the sentence of an error that is meant for users, and the stack of any other', () => {
    const { logger, lines } = written({ format: 'text' });
    logger.error('Broken', {
      error: new BlockstillError('cluster/timeout', 'Too slow.', { where: 'GET /api', hint: 'Wait.' }),
    });
    expect(lines[0]).toMatch(/ERROR Broken error="GET \/api: Too slow\. Wait\. \(cluster\/timeout\)"$/);
    logger.error('Broken', { error: new RangeError('off by one') });
    expect(lines[1]).toMatch(/error="off by one"\nRangeError: off by one\n +at .*logger\.test\.ts/);
  });
});
