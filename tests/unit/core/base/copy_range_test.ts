import assert from "node:assert/strict";
import fc from "fast-check";
import { copyRange, viewOf } from "../../../../core/base/copy_range.ts";

Deno.test("copyRange: a range of any length at any place, and nothing before it is touched", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 600 }),
    fc.nat(600),
    fc.nat(600),
    fc.nat(40),
    fc.nat(20),
    (source, a, b, at, behind) => {
      const from = Math.min(a, b, source.length);
      const to = Math.min(Math.max(a, b), source.length);
      // Inside a larger buffer, so that the views have an offset.
      const target = new Uint8Array(8 + at + to - from + behind).subarray(8).fill(0xaa);
      const end = copyRange(source, viewOf(source), from, to, target, viewOf(target), at);
      assert.equal(end, at + to - from);
      assert.deepEqual([...target.subarray(0, at)], Array(at).fill(0xaa));
      assert.deepEqual([...target.subarray(at, end)], [...source.subarray(from, to)]);
      assert.deepEqual(
        [...target.subarray(end + 7)],
        Array(Math.max(0, behind - 7)).fill(0xaa),
      );
    },
  ));
});
