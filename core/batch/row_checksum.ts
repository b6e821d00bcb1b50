/**
 * The checksum of a set of rows: the sum of a hash of each, so that it does not depend on the order of the
 * rows, and a row that is there twice counts twice. The database computes the same sum with its own
 * functions. In the form `md5` a hash is the first 60 bits (15 hex digits) of the MD5 of the row's bytes
 * (docs/adr/0010-checksum.md); in another it is the engine's own (docs/adr/0042-checksum-beside-the-read.md).
 */
import { Md5 } from "../base/md5.ts";

/** Partial sums stay exact in a double for this many rows and a block more: 2^32 * 2^20 < 2^53. */
const FOLD_ROWS = 2 ** 20;

/** The form of checksums without a name. */
export const MD5_FORM = "md5";

/** A checksum as it is kept: one of another form than `md5` begins with its name. */
export function checksumText(form: string, sum: string): string {
  return form === MD5_FORM ? sum : `${form}:${sum}`;
}

/** The form of a checksum that was kept. */
export function checksumForm(text: string): string {
  const end = text.indexOf(":");
  return end < 0 ? MD5_FORM : text.slice(0, end);
}

/** Adds rows up as they are received. */
export class RowChecksum {
  readonly #md5 = new Md5();
  #total = 0n;
  #high = 0;
  #low = 0;
  #unfolded = 0;
  #form = MD5_FORM;
  /** What a unit of `#high` stands for, in bits. */
  #highBits = 28n;

  /** Rows come as hashes of 64 bits from here on, in the form of that name. Before the first row. */
  useHashes(form: string): void {
    this.#form = form;
    this.#highBits = 32n;
  }

  /** Adds the hashes of `rows` rows: the sums of their high words, which are signed, and of their low ones. */
  addHashes(high: number, low: number, rows: number): void {
    this.#high += high;
    this.#low += low;
    this.#unfolded += rows;
    if (this.#unfolded >= FOLD_ROWS) this.#fold();
  }

  /** Room for one row of at most `length` bytes, to be written from 0 on. Valid until the next call. */
  reserve(length: number): Uint8Array {
    this.#md5.reserve(length);
    return this.#md5.bytes;
  }

  /** Adds the row that was written into the reserved bytes. */
  add(length: number): void {
    const md5 = this.#md5;
    md5.digest(length);
    this.#high += md5.first32;
    this.#low += md5.next28;
    if (++this.#unfolded === FOLD_ROWS) this.#fold();
  }

  /** Of the rows so far, as it is kept: decimal text, `0` without rows, behind the name of its form. */
  get sum(): string {
    this.#fold();
    return checksumText(this.#form, String(this.#total));
  }

  #fold(): void {
    this.#total += (BigInt(this.#high) << this.#highBits) + BigInt(this.#low);
    this.#high = 0;
    this.#low = 0;
    this.#unfolded = 0;
  }
}
