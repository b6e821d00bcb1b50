/** The values of a page that goes without a dictionary: PLAIN, or a form that a sample has shown to be smaller. */
import type { ColumnData } from "../../../core/batch/batch.ts";
import { ByteBuilder } from "../byte_builder.ts";
import type { Bounds } from "./bounds.ts";
import { ByteArrayValues } from "./byte_array_values.ts";
import { Encoding, PhysicalType } from "./enums.ts";
import { boundsOf } from "./extremes.ts";
import { input } from "./kernel/memory.ts";
import { PageBody } from "./page_body.ts";
import { type Packing, packingOf } from "./packings.ts";
import { type PlainWriter, plainWriter } from "./plain.ts";
import type { Leaf } from "./schema.ts";
import { BooleanValues, type DictionaryValues, type DirectValues, type Measure } from "./values.ts";

/** A page of more is one long list, and not put into the kernel, whose memory stays as large as it once was. */
const LARGE_BYTES = 4 << 20;
/** What is compressed in both forms to choose between them. */
const SAMPLE_VALUES = 4096;
/** The other form must be worth the reader that does not know it. */
const WORTH_IT = 0.98;

/**
 * @param plainOnly no other form than PLAIN
 * @param pageBytes what a page mostly holds at most
 */
export function directValues(leaf: Leaf, plainOnly: boolean, pageBytes: number): DirectValues {
  switch (leaf.physical) {
    case PhysicalType.BOOLEAN:
      return new DirectBooleans();
    case PhysicalType.BYTE_ARRAY:
      return new ByteArrayValues(leaf, plainOnly, pageBytes);
    default:
      return new FixedValues(leaf, plainOnly ? null : packingOf(leaf), pageBytes);
  }
}

/** BOOLEAN has one form, and no dictionary. */
class DirectBooleans extends BooleanValues implements DirectValues {
  takeFrom(): void {
    throw new TypeError("booleans have no dictionary");
  }

  choose(): void {}

  own(): void {}
}

/** A sample in another form. */
const trial = new PageBody();

/** Values of one width. */
export class FixedValues implements DirectValues {
  readonly #leaf: Leaf;
  readonly #write: PlainWriter;
  readonly #candidate: Packing | null;
  readonly #bytes: ByteBuilder;
  #packing: Packing | null = null;
  encoding: Encoding = Encoding.PLAIN;
  count = 0;

  constructor(leaf: Leaf, candidate: Packing | null, pageBytes: number) {
    this.#leaf = leaf;
    this.#bytes = new ByteBuilder(0, pageBytes);
    this.#write = plainWriter(leaf);
    this.#candidate = candidate;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  add(data: ColumnData, start: number, end: number): void {
    this.#write.append(this.#bytes, data, start, end);
    this.count += end - start;
  }

  takeFrom(dictionary: DictionaryValues): void {
    this.#bytes.append(dictionary.plainValues());
    this.count += dictionary.count;
  }

  choose(measure: Measure): void {
    const candidate = this.#candidate;
    this.#packing = null;
    if (candidate === null || this.count === 0) return;
    const count = Math.min(this.count, SAMPLE_VALUES);
    const sample = this.#bytes.written().subarray(0, count * this.#leaf.width);
    trial.clear();
    if (!candidate.append(input.put(sample), count, trial)) return;
    if (measure(trial.written()) <= measure(sample) * WORTH_IT) this.#packing = candidate;
  }

  own(): void {}

  outside(): Uint8Array | null {
    return this.#packing === null || this.byteLength > LARGE_BYTES ? this.#plain() : null;
  }

  appendTo(body: PageBody): void {
    if (this.#packing !== null && this.count > 0) {
      this.encoding = this.#packing.encoding;
      if (this.#packing.append(input.put(this.#bytes.written()), this.count, body)) return;
    }
    body.append(this.#plain());
  }

  bounds(): Bounds | null {
    return boundsOf(this.#leaf, this.#bytes.written());
  }

  clear(): void {
    this.#bytes.clear();
    this.count = 0;
  }

  #plain(): Uint8Array {
    this.encoding = Encoding.PLAIN;
    return this.#bytes.written();
  }
}
