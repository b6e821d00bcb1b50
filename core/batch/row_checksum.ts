/**
 * The checksum of a set of rows: the sum over all rows of the first 60 bits (15 hex digits) of the MD5 of
 * each row's bytes. It does not depend on the order of the rows, and a row that is there twice counts
 * twice. Which bytes a row has is the engine's form (docs/adr/0010-checksum.md); the database computes
 * the same sum with its own functions.
 */
import { Md5 } from "../base/md5.ts";

/** Partial sums stay exact in a double for this many rows: 2^32 * 2^20 < 2^53. */
const FOLD_ROWS = 2 ** 20;

/** Adds rows up as they are received. */
export class RowChecksum {
  readonly #md5 = new Md5();
  #total = 0n;
  #high = 0;
  #low = 0;
  #unfolded = 0;

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

  /** Of the rows so far, as decimal text; `0` without rows. */
  get sum(): string {
    this.#fold();
    return String(this.#total);
  }

  #fold(): void {
    this.#total += (BigInt(this.#high) << 28n) + BigInt(this.#low);
    this.#high = 0;
    this.#low = 0;
    this.#unfolded = 0;
  }
}
