/**
 * DELTA_BYTE_ARRAY: of each byte string, how much of the one before it begins, and the rest.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-strings-delta_byte_array--7
 */
import { appendDelta32 } from "./delta.ts";
import { kernel, Region } from "./kernel/memory.ts";
import type { PageBody } from "./page_body.ts";

/** Byte strings in the kernel, one behind the other: addresses of their lengths and of their bytes. */
export interface ByteStrings {
  readonly lengths: number;
  readonly bytes: number;
  readonly count: number;
}

/** Of the values of one call. */
const prefixes = new Region();
const rests = new Region();

/**
 * Appends them.
 * @param size of all their bytes
 * @param leastShared of those, what they must share, or false is returned and nothing appended.
 */
export function appendDeltaStrings(
  { lengths, bytes, count }: ByteStrings,
  size: number,
  leastShared: number,
  body: PageBody,
): boolean {
  const { run } = kernel();
  const shared = run.prefixes(
    lengths,
    bytes,
    count,
    prefixes.reserve(count * 4),
    rests.reserve(count * 4),
  );
  if (shared < size * leastShared) return false;
  appendDelta32(prefixes.address, count, body);
  appendDelta32(rests.address, count, body);
  const out = body.reserve(size - shared);
  body.end(run.appendRests(prefixes.address, rests.address, bytes, count, out));
  return true;
}
