/**
 * Encodes the batches of one read into part files, splitting at `max_file_size` on row-group
 * boundaries. Runs in a Worker or in-process; it does no more than encode, hash and write.
 */
import { type Batch, release } from "../batch/batch.ts";
import { RivetError } from "../base/errors.ts";
import { discard } from "../batch/buffers.ts";
import type { PieceRule, StreamDestination } from "../ports/destination.ts";
import {
  type EncoderOptions,
  type Format,
  type FormatEncoder,
  wholeFileCodec,
} from "../ports/format.ts";
import { Compressor } from "./compressor.ts";
import type { StageSpec } from "./stage_plan.ts";
import type { Column } from "../types/types.ts";
import { openStagedFile, openStream, type PartSink, type StagedPart } from "./staged_file.ts";

/** What a writer needs to know; structured-clone safe. */
export interface OutputSpec {
  readonly format: Format["name"];
  readonly encoder: EncoderOptions;
  /** Of the batches as they were read; the stages may add some. */
  readonly columns: readonly Column[];
  readonly stages: StageSpec;
  /** Absolute path of a staged file without its number; null: it goes to the stream. */
  readonly stagedPath: string | null;
  /** How the destination cuts large files. */
  readonly pieces: PieceRule | null;
  readonly maxFileBytes: number | null;
}

/** The same after the stages: `columns` are those of the file. */
export type PartSpec = Omit<OutputSpec, "stages">;

/** Of `max_file_size`, when a part is closed: the next batch must still fit. */
const FULL = 0.9;

/** What bytes go to where there is no file. */
export type ByteStream = Pick<StreamDestination, "write">;

export class PartWriter {
  readonly #format: Format;
  readonly #stream: ByteStream | null;
  readonly #spec: PartSpec;
  readonly #finished: StagedPart[] = [];
  #encoder: FormatEncoder | null = null;
  #sink: PartSink | null = null;
  /** Between the two, where the format's files are compressed as a whole. */
  #compressor: Compressor | null = null;
  #partRows = 0;
  #doneBytes = 0;

  constructor(format: Format, spec: PartSpec, stream: ByteStream | null = null) {
    this.#format = format;
    this.#stream = stream;
    this.#spec = spec;
  }

  /** Encoded bytes so far, over all parts. */
  get bytesWritten(): number {
    return this.#doneBytes + this.#partBytes();
  }

  /** Encoded bytes of a row group that is not complete, as an estimate. */
  get heldBytes(): number {
    const encoder = this.#encoder;
    return encoder === null || encoder.heldRows === 0
      ? 0
      : encoder.estimatedBytes - encoder.bytesWritten;
  }

  /** Completes the row group, so that nothing of it is held. */
  async flush(): Promise<void> {
    if (this.#sink !== null) await this.#emit(this.#encoder?.flush() ?? [], this.#sink);
  }

  /** Takes the batch, whose buffers are gone afterwards. */
  async write(batch: Batch): Promise<void> {
    if (batch.rows === 0) return;
    const { encoder, sink } = await this.#open();
    await this.#emit(encoder.write(batch), sink);
    release(batch);
    this.#partRows += batch.rows;
    await this.#splitWhenFull(encoder, sink);
  }

  async #splitWhenFull(encoder: FormatEncoder, sink: PartSink): Promise<void> {
    const full = (this.#spec.maxFileBytes ?? Infinity) * FULL;
    const size = () => this.#compressor?.bytesOut ?? encoder.estimatedBytes;
    if (size() < full) return;
    // An open row group's size is a guess, far off before its first page: the closed one tells.
    await this.flush();
    if (size() >= full) await this.#closePart(encoder, sink);
  }

  /** Of the part that is open. */
  #partBytes(): number {
    return this.#compressor?.bytesOut ?? this.#encoder?.bytesWritten ?? 0;
  }

  async #emit(chunks: readonly Uint8Array[], sink: PartSink): Promise<void> {
    const compressor = this.#compressor;
    for (const chunk of chunks) {
      if (compressor === null) sink.write(chunk);
      else for (const bytes of await compressor.push(chunk)) sink.write(bytes);
      discard(chunk);
    }
  }

  /** The finished, fsynced files in order; none when no row came. */
  async finish(): Promise<StagedPart[]> {
    const [encoder, sink] = [this.#encoder, this.#sink];
    if (encoder !== null && sink !== null) await this.#closePart(encoder, sink);
    return this.#finished;
  }

  /** Removes everything that was staged. */
  abort(): void {
    this.#compressor?.abort();
    this.#compressor = null;
    this.#sink?.abort();
    this.#sink = null;
    this.#encoder = null;
    for (const part of this.#finished.splice(0)) {
      try {
        Deno.removeSync(part.file);
      } catch {
        // A staged file is never under a final name; the next run sweeps what is left.
      }
    }
  }

  async #open(): Promise<{ encoder: FormatEncoder; sink: PartSink }> {
    if (this.#encoder !== null && this.#sink !== null) {
      return { encoder: this.#encoder, sink: this.#sink };
    }
    const encoder = await this.#format.open(this.#spec.columns, this.#spec.encoder);
    const { stagedPath, pieces } = this.#spec;
    const sink = stagedPath === null
      ? openStream(this.#stream as ByteStream)
      : openStagedFile(`${stagedPath}.${this.#finished.length}`, pieces);
    const codec = wholeFileCodec(this.#format, this.#spec.encoder.compression);
    this.#compressor = codec === null ? null : new Compressor(codec, this.#spec.encoder);
    this.#encoder = encoder;
    this.#sink = sink;
    return { encoder, sink };
  }

  async #closePart(encoder: FormatEncoder, sink: PartSink): Promise<void> {
    await this.#emit(encoder.finish(), sink);
    for (const bytes of await this.#compressor?.end() ?? []) sink.write(bytes);
    const bytes = this.#partBytes();
    const part = sink.finish(this.#partRows);
    this.#finished.push(part);
    // The file's own offsets are counts of what its encoder handed out.
    if (part.sizeBytes !== bytes) {
      throw new RivetError("INTERNAL", `a part of ${bytes} bytes came to have ${part.sizeBytes}`);
    }
    this.#doneBytes += bytes;
    this.#encoder = null;
    this.#compressor = null;
    this.#sink = null;
    this.#partRows = 0;
  }
}
