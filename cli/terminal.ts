import type { WriteStream } from 'node:tty';

/** Where text goes, and what can be done there. */
export interface Terminal {
  write(text: string): void;
  /** Lines can be redrawn in place. */
  readonly interactive: boolean;
  readonly color: boolean;
  readonly columns: number;
  readonly rows: number;
}

/** A stream as a terminal; colour and redrawing only where they are wanted and the stream is one. */
export function terminalOf(stream: WriteStream, options: { readonly color: boolean }): Terminal {
  const interactive = stream.isTTY && process.env['TERM'] !== 'dumb';
  return {
    write: (text) => void stream.write(text),
    interactive,
    color: options.color && interactive && (process.env['NO_COLOR'] ?? '') === '',
    get columns() {
      return stream.columns ?? 80;
    },
    get rows() {
      return stream.rows ?? 24;
    },
  };
}
