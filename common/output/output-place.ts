/** The folder or the part of a bucket that a student is written to; names are those of files directly in it. */
export interface OutputPlace extends Disposable {
  /** A path or a URI, for messages. */
  readonly name: string;
  /** The path or the URI of a file in it, for messages. */
  nameOf(file: string): string;
  /** The content of a file; undefined when there is none. */
  read(file: string): Promise<string | undefined>;
  /** The bytes of a file; undefined when there is none. */
  sizeOf(file: string): Promise<number | undefined>;
  /** The files directly in it, in order. */
  files(): Promise<string[]>;
  /** Whether the place holds what a URI names, or is that, or lies in it; an input that is a file may lie beside it. */
  overlaps(inputUri: string): Promise<boolean>;
  /** Where a job comes from, as a marker here says it; see `OutputMarker`. */
  originOf(exchange: string): Promise<string>;
  /** Tries whether a file can be written and removed, and leaves no trace. */
  checkWritable(): Promise<void>;
  /**
   * Writes a file that says whose place this is; false where somebody else's is there by now. Of two that try at once, one
   * succeeds, as far as the storage can tell.
   */
  claim(file: string, content: string): Promise<boolean>;
  /** A reader sees the old file, none or the new one, never a part. */
  write(file: string, content: string): Promise<void>;
  /** The same with the content of a local file. */
  copy(file: string, path: string): Promise<void>;
  /** A file that is not there is no error. */
  remove(file: string): Promise<void>;
}
