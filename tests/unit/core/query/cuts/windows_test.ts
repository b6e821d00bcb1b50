import fc from "fast-check";
import assert from "node:assert/strict";
import {
  MAX_CHUNKS,
  type Window,
  windowsByCount,
  windowsBySize,
} from "../../../../../core/query/cuts/windows.ts";

/** PA5 and completeness: ascending, adjacent, from `min` to `max` exactly. */
function assertCovers(windows: readonly Window[], min: bigint, max: bigint): void {
  assert.equal(windows[0].start, min);
  assert.equal(windows.at(-1)?.end, max);
  for (const [i, window] of windows.entries()) {
    assert.ok(window.start <= window.end);
    if (i > 0) assert.equal(window.start, windows[i - 1].end + 1n);
  }
}

const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);

Deno.test("PA5: windows by size cover MIN..MAX without gap or overlap", () => {
  fc.assert(fc.property(int64, fc.bigInt(0n, 5_000n), fc.bigInt(1n, 700n), (min, span, size) => {
    const windows = windowsBySize(min, min + span, size);
    assertCovers(windows, min, min + span);
    assert.ok(windows.every((w) => w.end - w.start < size));
  }));
});

Deno.test("PA5: windows by count cover MIN..MAX in equal spans", () => {
  fc.assert(fc.property(int64, fc.bigInt(0n, 2n ** 40n), fc.bigInt(1n, 60n), (min, span, count) => {
    const windows = windowsByCount(min, min + span, count);
    assertCovers(windows, min, min + span);
    assert.equal(BigInt(windows.length), count < span + 1n ? count : span + 1n);
    const widths = windows.map((w) => w.end - w.start);
    assert.ok(widths.every((w) => w - widths[0] <= 1n && widths[0] - w <= 1n));
  }));
});

Deno.test("windows by size: a sparse range is refused with the way out", () => {
  assert.throws(
    () => windowsBySize(0n, MAX_CHUNKS * 10n, 10n),
    /chunk_size 10 cuts .* 100001 chunks/,
  );
  assert.equal(windowsBySize(1n, MAX_CHUNKS * 10n, 10n).length, Number(MAX_CHUNKS));
});
