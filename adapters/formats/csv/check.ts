/** A CSV file from its first byte to its last, unpacked on the way where it is compressed as a whole. */
import type { FileBytes } from "../../../core/base/file_bytes.ts";
import type { CheckedFile, ExpectedFile } from "../../../core/ports/format.ts";
import { Damage } from "../damage.ts";
import { Records } from "./records.ts";
import { unpackGzip, unpackZstd } from "./unpack.ts";

function unpacked(file: FileBytes, compression: string): AsyncIterable<Uint8Array> {
  if (compression === "gzip") return unpackGzip(file);
  return compression === "zstd" ? unpackZstd(file) : file.pieces();
}

/** As the format port has it. */
export async function check(file: FileBytes, expected: ExpectedFile): Promise<CheckedFile> {
  const records = new Records(expected.columns);
  try {
    for await (const block of unpacked(file, expected.compression)) records.add(block);
    records.end();
    return { rows: records.rows, problem: null };
  } catch (error) {
    if (error instanceof Damage) return { rows: null, problem: error.problem };
    throw error;
  }
}
