/** The pieces of a COPY TO STDOUT, with flow control down to the socket. */
import type { Readable } from "node:stream";

/**
 * Called once when the stream is over, with its error or null. Frees the connection; returns what to
 * throw, or null.
 */
export type CopyEnd = (error: unknown) => Error | null;

export class CopyStream {
  readonly #stream: Readable;
  readonly #onEnd: CopyEnd;
  #ended = false;
  #error: unknown = null;
  #over = false;
  #wake = () => {};

  constructor(stream: Readable, onEnd: CopyEnd) {
    this.#stream = stream;
    this.#onEnd = onEnd;
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    stream.on("readable", () => this.#wake());
    stream.on("end", end);
    stream.on("close", end);
    stream.on("error", (error) => {
      this.#error = error;
      end();
    });
  }

  /**
   * Hands pieces to `onPiece` until it returns true for enough, waiting for more as needed.
   * Returns false when the stream has ended. Unread pieces hold the server back.
   */
  async read(onPiece: (piece: Uint8Array) => boolean): Promise<boolean> {
    for (;;) {
      const piece: Uint8Array | null = this.#stream.read();
      if (piece !== null) {
        if (onPiece(piece)) return true;
      } else if (this.#ended) {
        const error = this.#finish();
        if (error !== null) throw error;
        return false;
      } else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Reads and drops what is left, so that the connection is free; an error of the stream is dropped too. */
  async drop(): Promise<void> {
    try {
      await this.read(() => false);
    } catch {
      // The usual one is the cancellation that made the stream end.
    }
  }

  #finish(): Error | null {
    if (this.#over) return null;
    this.#over = true;
    return this.#onEnd(this.#error);
  }
}
