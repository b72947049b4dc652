import winston from 'winston';
import { errorFields, type ErrorFields } from './error-fields.ts';

/** What a program needs of a logger: a static message and fields. An Error among the fields is written out in full. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['json', 'text'] as const;
export type LogFormat = (typeof logFormats)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** JSON: one object a line, for programs. Text: for people. */
  readonly format: LogFormat;
  /** Of every line. */
  readonly fields?: Record<string, unknown>;
  /** Default: standard error, since standard output belongs to results. */
  readonly stream?: NodeJS.WritableStream;
}

/** A logger that writes a line, or with `text` a few, for each message. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, fields = {}, stream = process.stderr } = options;
  const { format: formats, transports } = winston;
  const write = winston.createLogger({
    level,
    format: formats.combine(
      formats.timestamp(),
      format === 'json' ? formats.json({ deterministic: false }) : textFormat(),
    ),
    transports: [new transports.Stream({ stream })],
  });
  const log =
    (lineLevel: LogLevel) =>
    (message: string, lineFields: Record<string, unknown> = {}): void => {
      const head = { timestamp: '', level: lineLevel, message };
      // One object, since winston appends the message of one that comes second to the first one's. What a reader looks
      // for first comes first.
      write.log({ ...head, ...serialized({ ...fields, ...lineFields }), ...head });
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

function serialized(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? errorFields(value) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** `12:00:00.000 WARN  message name=value`, and below it the stacks of errors. */
function textFormat(): winston.Logform.Format {
  return winston.format.printf(({ timestamp, level, message, ...fields }) => {
    const stacks: string[] = [];
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const words = given.map(([name, value]) => {
      if (isErrorFields(value)) {
        stacks.push(...stacksOf(value));
        return `${name}=${JSON.stringify(sentenceOf(value))}`;
      }
      return `${name}=${typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value)}`;
    });
    const head = [String(timestamp), level.toUpperCase().padEnd(5), String(message), ...words].join(' ');
    return [head, ...stacks].join('\n');
  });
}

function isErrorFields(value: unknown): value is ErrorFields {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'message' in value &&
    typeof value.message === 'string'
  );
}

function sentenceOf({ message, code, where, hint, cause }: ErrorFields): string {
  const parts = [
    where === undefined ? message : `${where}: ${message}`,
    hint,
    cause === undefined ? undefined : `Cause: ${sentenceOf(cause)}`,
    code === undefined ? undefined : `(${code})`,
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

/** What is meant for users, with a code such as `cluster/timeout`, explains itself. */
function stacksOf({ stack, code, cause, errors = [] }: ErrorFields): string[] {
  const inner = [...(cause === undefined ? [] : [cause]), ...errors].flatMap(stacksOf);
  return [...(stack === undefined || code?.includes('/') ? [] : [stack]), ...inner];
}
