import { equal, match } from "node:assert/strict";
import { renderSummary } from "../../../../cli/render/summary.ts";
import { RivetError, serializeError } from "../../../../core/base/errors.ts";
import { fakeSummary } from "../fakes.ts";

Deno.test("the block of a validated run is the documented one", () => {
  equal(
    renderSummary(fakeSummary({ validated: true, schemaChanged: false })),
    [
      "── orders ──",
      "  run_id:      orders_20260329T125109.336",
      "  status:      success",
      "  rows:        150000",
      "  files:       1",
      "  bytes:       12.4 MB",
      "  duration:    3.2s",
      "  peak RSS:    142MB",
      "  validated:   pass",
      "  schema:      unchanged",
    ].join("\n"),
  );
});

Deno.test("fields that say nothing are left out", () => {
  const block = renderSummary(fakeSummary({ chunks: { done: 20, total: 20 } }));
  for (
    const label of ["retries", "validated", "coverage", "reconciled", "schema", "chunks", "error"]
  ) {
    equal(block.includes(`${label}:`), false, label);
  }
});

Deno.test("a failed run shows retries, open chunks, the changed schema and its error", () => {
  const error = serializeError(
    new RivetError("SOURCE_QUERY", "syntax error\nat line 2"),
  );
  const block = renderSummary(fakeSummary({
    status: "failed",
    retries: 2,
    chunks: { done: 3, total: 20 },
    validated: false,
    coverage: "3 verified: 2 md5, 1 size only",
    reconciled: true,
    schemaChanged: true,
    quality: ["row_count_min: 0 rows, at least 1 expected"],
    error,
  }));
  match(
    block,
    /\n {2}chunks: {6}3\/20\n {2}retries: {5}2\n {2}validated: {3}FAIL\n {2}coverage: {4}3 verified: 2 md5, 1/,
  );
  match(block, /\n {2}reconciled: {2}pass\n {2}quality: {5}row_count_min: 0 rows, at least 1/);
  match(block, /\n {2}schema: {6}CHANGED\n {2}error: {7}syntax error\n {15}at line 2/);
});
