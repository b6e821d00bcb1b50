import assert from "node:assert/strict";
import { valueText } from "../../../../core/batch/values.ts";
import { MetaColumns } from "../../../../core/encode/meta_columns.ts";
import { createXxh3 } from "../../../../core/encode/xxh3.ts";
import { batchOf, column } from "../../../support/batches.ts";

const xxh3 = createXxh3();
const batch = batchOf(
  [column("a", { kind: "text" }), column("b", { kind: "text" })],
  [["x", "1"], ["x", "2"], [null, "1"]],
);
const at = new Date("2026-01-31T23:59:59.999Z");

function texts(spec: { exportedAt: boolean; rowHash: string[] | null }): (string | null)[][] {
  const out = new MetaColumns(spec, xxh3, () => at).apply(batch);
  return out.columns.map(({ type }, c) =>
    Array.from({ length: out.rows }, (_, row) => valueText(type, out.data[c], row))
  );
}

Deno.test("meta columns: one exported_at for a batch, in microseconds", () => {
  const [a, , exportedAt] = texts({ exportedAt: true, rowHash: null });
  assert.deepEqual(a, ["x", "x", null]);
  assert.deepEqual(exportedAt, Array(3).fill("2026-01-31 23:59:59.999000+00"));
});

Deno.test("meta columns: the row hash covers the columns it is told, in their order", () => {
  const hashes = (names: string[]) => texts({ exportedAt: false, rowHash: names })[2];
  const [first, second, third] = hashes(["a"]);
  assert.equal(first, second);
  assert.notEqual(first, third);
  assert.equal(new Set(hashes(["a", "b"])).size, 3);
  assert.notDeepEqual(hashes(["a", "b"]), hashes(["b", "a"]));
});

Deno.test("meta columns: without any the batch is passed on", () => {
  const meta = new MetaColumns({ exportedAt: false, rowHash: null }, xxh3);
  assert.equal(meta.apply(batch), batch);
});

Deno.test("meta columns: memory of the added columns counts", () => {
  const meta = new MetaColumns({ exportedAt: true, rowHash: ["a"] }, xxh3);
  assert.equal(meta.apply(batch).byteLength, batch.byteLength + 2 * 3 * 8);
});
