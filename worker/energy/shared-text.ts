const slotBytes = 128 * 1024;
const headerBytes = 16;

/**
 * A text that one thread writes from time to time and another reads at any moment, without waiting for each other. There
 * are two slots: one is read while the other is being written. Whoever read while both were written reads again.
 */
export class SharedText {
  readonly memory: SharedArrayBuffer;
  /** How many texts were written, and the lengths of the two slots. */
  readonly #header: Int32Array;
  readonly #slots: readonly Uint8Array[];

  constructor(memory = new SharedArrayBuffer(headerBytes + 2 * slotBytes)) {
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, headerBytes / 4);
    this.#slots = [0, 1].map((slot) => new Uint8Array(memory, headerBytes + slot * slotBytes, slotBytes));
  }

  /** @throws Error for a text of more than 128 KiB */
  write(text: string): void {
    const bytes = Buffer.from(text);
    if (bytes.length > slotBytes)
      throw new Error(`A text of ${bytes.length} bytes is too long to be shared.`);
    const written = Atomics.load(this.#header, 0) + 1;
    this.#slots[written % 2]!.set(bytes);
    Atomics.store(this.#header, 1 + (written % 2), bytes.length);
    Atomics.store(this.#header, 0, written);
  }

  /** The last text, undefined before the first. */
  read(): string | undefined {
    for (;;) {
      const written = Atomics.load(this.#header, 0);
      if (written === 0) return undefined;
      const length = Atomics.load(this.#header, 1 + (written % 2));
      const text = Buffer.from(this.#slots[written % 2]!.subarray(0, length)).toString();
      if (Atomics.load(this.#header, 0) === written) return text;
    }
  }
}
