/** Copying many short ranges of bytes, which `set` is slow for: each call costs more than 100 bytes do. */

/** Longer ranges are left to `set`. */
const MAX_WORDWISE_BYTES = 192;

/** A view over the same bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Copies `[from, to)` of `source` to `at` of `target`, eight bytes at a time: up to seven bytes of `target`
 * behind the copy are overwritten, where there are any. The views are over the same bytes.
 * @returns where the copy ends.
 */
export function copyRange(
  source: Uint8Array,
  sourceView: DataView,
  from: number,
  to: number,
  target: Uint8Array,
  targetView: DataView,
  at: number,
): number {
  const length = to - from;
  if (length > MAX_WORDWISE_BYTES) target.set(source.subarray(from, to), at);
  else if (to + 7 > sourceView.byteLength || at + length + 7 > targetView.byteLength) {
    for (let i = 0; i < length; i++) target[at + i] = source[from + i];
  } else {
    for (let i = 0; i < length; i += 8) {
      targetView.setBigInt64(at + i, sourceView.getBigInt64(from + i, true), true);
    }
  }
  return at + length;
}
