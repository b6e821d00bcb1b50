import assert from "node:assert/strict";
import { partName, resolvePlaceholders, runId } from "../../../../core/manifest/names.ts";

const at = new Date("2026-03-29T12:52:00.007Z");

Deno.test("names: run id and part names as documented", () => {
  assert.equal(runId("orders", at), "orders_20260329T125200.007");
  const name = (chunkIndex: number | null, part: number | null) =>
    partName("orders", at, { chunkIndex, part }, "parquet");
  assert.equal(name(null, null), "orders_20260329_125200.parquet");
  assert.equal(name(3, null), "orders_20260329_125200_chunk3.parquet");
  assert.equal(name(3, 0), "orders_20260329_125200_chunk3_part0.parquet");
});

Deno.test("names: placeholders are filled with UTC values", () => {
  const values = { exportName: "orders", runId: "r1", at };
  assert.deepEqual(
    resolvePlaceholders({ type: "local", path: "/o/{date}/{export}/{table}/{run_id}" }, values),
    { type: "local", path: "/o/2026-03-29/orders/orders/r1" },
  );
});
