import assert from "node:assert/strict";
import type { ExportPlan } from "../../../../core/plan/strategy.ts";
import { recommendParallel } from "../../../../core/preflight/verdict.ts";

Deno.test("several readers only where the read can be cut and the source stands it", () => {
  const shape = { kind: "range" as const, base: "SELECT 1", column: "id" };
  const chunked: Pick<ExportPlan, "strategy"> = {
    strategy: { kind: "chunked", shape, fingerprint: "", pageRows: null, chunks: [] },
  };
  const whole: Pick<ExportPlan, "strategy"> = {
    strategy: { kind: "whole", reads: [{ kind: "cursor", sql: "SELECT 1" }] },
  };
  assert.equal(recommendParallel(chunked, "EFFICIENT", 99_999), 1);
  assert.equal(recommendParallel(chunked, "EFFICIENT", 100_000), 2);
  assert.equal(recommendParallel(chunked, "ACCEPTABLE", 20_000_000), 4);
  assert.equal(recommendParallel(chunked, "DEGRADED", 20_000_000), 1);
  assert.equal(recommendParallel(chunked, "EFFICIENT", null), 1);
  assert.equal(recommendParallel(whole, "EFFICIENT", 20_000_000), 1);
});
