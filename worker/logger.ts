import winston from 'winston';

/** What the worker needs of a logger: a static message and fields. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** JSON lines on standard error; standard output belongs to the progress lines. */
export function createLogger(level: string, fields: Record<string, unknown>): Logger {
  const { format, transports } = winston;
  return winston.createLogger({
    level,
    defaultMeta: fields,
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] })],
  });
}
