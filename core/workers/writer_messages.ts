/** The messages of one writer, as few as its batches allow. */
import { type Batch, transferables } from "../batch/batch.ts";
import type { ToWorker } from "./worker_protocol.ts";

/** A batch of no more may be all that comes: until that is known, nothing is sent. */
const SMALL_BYTES = 16 * 1024;

type Whole = Extract<ToWorker, { type: "whole" }>;

/** To be ended by `finish` or `abort`. */
export class WriterMessages {
  readonly #post: (message: ToWorker, transfer?: ArrayBuffer[]) => void;
  readonly #opening: Pick<Whole, "id" | "output" | "traceparent">;
  #opened = false;
  /** The first batch, while it may be the only one. */
  #held: Batch | null = null;

  constructor(
    post: (message: ToWorker, transfer?: ArrayBuffer[]) => void,
    opening: Pick<Whole, "id" | "output" | "traceparent">,
  ) {
    this.#post = post;
    this.#opening = opening;
  }

  /** No longer waits for what may follow. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#batch(held);
  }

  batch(batch: Batch): void {
    this.release();
    if (this.#opened || batch.byteLength > SMALL_BYTES) this.#batch(batch);
    else this.#held = batch;
  }

  finish(): void {
    if (this.#held !== null) {
      // Copied: so many small buffers take longer to hand over.
      this.#post({ type: "whole", ...this.#opening, batch: this.#held });
      this.#held = null;
      return;
    }
    this.#open();
    this.#post({ type: "finish", id: this.#opening.id });
  }

  abort(): void {
    this.#held = null;
    if (this.#opened) this.#post({ type: "abort", id: this.#opening.id });
  }

  #open(): void {
    if (!this.#opened) this.#post({ type: "open", ...this.#opening });
    this.#opened = true;
  }

  #batch(batch: Batch): void {
    this.#open();
    this.#post({ type: "batch", id: this.#opening.id, batch }, transferables(batch));
  }
}
