/**
 * DELTA_BYTE_ARRAY: of each byte string, how much of the one before it begins, and the rest.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-strings-delta_byte_array--7
 */
import { copyRange, viewOf } from "../../../core/base/copy_range.ts";
import type { ByteBuilder } from "../byte_builder.ts";
import { commonPrefix } from "./common_prefix.ts";
import { appendDelta32 } from "./delta.ts";

/** Byte strings of these lengths, one behind the other in runs. */
export interface ByteRuns {
  readonly sources: readonly Uint8Array[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly lengths: Int32Array;
}

/** Of the values of the last call. */
let prefixes = new Int32Array(1024);
let rests = new Int32Array(1024);

/** Finds the lengths of what the first `count` values share with the one before them. @returns their sum. */
function findPrefixes({ sources, starts, ends, lengths }: ByteRuns, count: number): number {
  if (prefixes.length < count) {
    prefixes = new Int32Array(count);
    rests = new Int32Array(count);
  }
  let before: DataView = viewOf(new Uint8Array(0));
  let beforeStart = 0;
  let beforeEnd = 0;
  let value = 0;
  let sum = 0;
  for (let run = 0; run < sources.length; run++) {
    const source = viewOf(sources[run]);
    for (let at = starts[run]; value < count; value++) {
      const end = at + lengths[value];
      if (end > ends[run]) break;
      const shared = commonPrefix(source, at, end, before, beforeStart, beforeEnd);
      prefixes[value] = shared;
      rests[value] = end - at - shared;
      sum += shared;
      before = source;
      beforeStart = at;
      beforeEnd = end;
      at = end;
    }
  }
  return sum;
}

/**
 * Appends the first `count` values.
 * @param leastShared of all their bytes, what they must share, or false is returned and nothing appended.
 */
export function appendDeltaStrings(
  runs: ByteRuns,
  count: number,
  leastShared: number,
  out: ByteBuilder,
): boolean {
  const shared = findPrefixes(runs, count);
  let bytes = shared;
  for (let value = 0; value < count; value++) bytes += rests[value];
  if (shared < bytes * leastShared) return false;
  appendDelta32(prefixes, count, out);
  appendDelta32(rests, count, out);
  out.reserve(bytes - shared);
  let value = 0;
  for (let run = 0; run < runs.sources.length; run++) {
    value = appendRests(runs, run, value, count, out);
  }
  return true;
}

/** Those of one run, from `value` on, for which there is room. @returns the value behind it. */
function appendRests(
  { sources, starts, ends }: ByteRuns,
  run: number,
  value: number,
  count: number,
  out: ByteBuilder,
): number {
  const source = sources[run];
  const view = viewOf(source);
  let next = value;
  for (let at = starts[run]; next < count; next++) {
    const end = at + prefixes[next] + rests[next];
    if (end > ends[run]) break;
    const from = at + prefixes[next];
    out.length = copyRange(source, view, from, end, out.bytes, out.view, out.length);
    at = end;
  }
  return next;
}
