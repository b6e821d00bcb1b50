import { deepEqual, equal } from "node:assert/strict";
import { recommendProfile, verdictName, verdictOf } from "../../../../core/preflight/verdict.ts";
import { isSparse, suggestionOf, warningsOf } from "../../../../core/preflight/warnings.ts";
import { chunkedStrategy, planned } from "../plan/planned.ts";

Deno.test("verdicts: the readme's table", () => {
  equal(verdictOf("full", 9_999_999, null), "EFFICIENT");
  equal(verdictOf("full", 10_000_000, null), "ACCEPTABLE");
  equal(verdictOf("partial", 10, null), "ACCEPTABLE");
  equal(verdictOf("none", 10, null), "DEGRADED");
  equal(verdictOf("none", 50_000_000, null), "DEGRADED");
  equal(verdictOf("none", 50_000_001, null), "UNSAFE");
  equal(verdictOf("full", null, null), "ACCEPTABLE");
  equal(verdictOf("none", null, null), "DEGRADED");
  equal(verdictOf("unknown", 10, null), "ACCEPTABLE");
  equal(verdictOf("none", 50_000_001, false), "UNSAFE");
  equal(verdictOf("none", 50_000_001, true), "DEGRADED", "it has the index's support");
  equal(verdictOf("none", 100_000, true), "ACCEPTABLE", "a scan of few rows beats their index");
  equal(verdictOf("none", 100_001, true), "DEGRADED");
  equal(verdictName("ACCEPTABLE"), "Acceptable");
});

Deno.test("profiles: the readme's table", () => {
  const indexed = (rows: number) => recommendProfile("full", rows, 1);
  deepEqual([indexed(999_999), indexed(1_000_000), indexed(10_000_000), indexed(10_000_001)], [
    "fast",
    "balanced",
    "balanced",
    "safe",
  ]);
  const scanned = (rows: number, parallel = 1) => recommendProfile("none", rows, parallel);
  deepEqual([
    scanned(99_999),
    scanned(99_999, 2),
    scanned(100_000),
    scanned(1_000_000),
    scanned(1_000_001),
  ], [
    "fast",
    "balanced",
    "balanced",
    "balanced",
    "safe",
  ]);
  equal(recommendProfile("full", null, 1), "balanced");
});

function warnings(rows: number, end: string, config: Record<string, unknown> = {}): string[] {
  const { exported, plan } = planned({
    rows,
    strategy: chunkedStrategy(2),
    config: { mode: "chunked", chunk_column: "id", ...config },
  });
  return warningsOf({ exported, plan, rows, keyRange: ["1", end] });
}

Deno.test("a key range is sparse below 10% fill", () => {
  deepEqual(warnings(1000, "10000"), []);
  equal(warnings(999, "10000").length, 1);
  equal(warnings(700, "10000")[0].startsWith("sparse id range: ~7% fill"), true);
  equal(warnings(1, "9223372036854775807")[0].startsWith("sparse id range: <1% fill"), true);
  const { exported, plan } = planned({ strategy: chunkedStrategy(1) });
  equal(isSparse({ exported, plan, rows: null, keyRange: ["1", "100"] }), false);
});

Deno.test("parallel readers of a large table hold memory", () => {
  deepEqual(warnings(5_000_000, "5000000", { parallel: 2 }), []);
  equal(warnings(5_000_001, "5000001", { parallel: 2 }).length, 1);
  deepEqual(warnings(5_000_001, "5000001"), []);
});

Deno.test("ROW_NUMBER() in a chunked query is named, elsewhere it is not", () => {
  const plan = (mode: object, strategy?: ReturnType<typeof chunkedStrategy>) => {
    const one = planned({ config: { ...mode }, strategy });
    const base = "SELECT *, row_number () OVER (ORDER BY id) AS n FROM t";
    return warningsOf({ ...one, plan: { ...one.plan, base }, rows: 1, keyRange: null }).length;
  };
  equal(plan({ mode: "chunked", chunk_column: "n" }, chunkedStrategy(1)), 1);
  equal(plan({ mode: "full" }), 0);
});

Deno.test("suggestions know the mode", () => {
  const of = (config: Record<string, unknown>, rows = 10, indexed: boolean | null = null) =>
    suggestionOf("DEGRADED", planned({ config }).exported, rows, indexed) ?? "";
  equal(of({ mode: "full" }, 1_000_000).includes("incremental"), true);
  equal(of({ mode: "full" }), "", "one read of a small table is as good as it gets");
  equal(of({ mode: "chunked", chunk_column: "id" }).includes("chunk column"), true);
  equal(
    of({ mode: "time_window", time_column: "at", days_window: 1 }).includes("time column"),
    true,
  );
  const chunked = { mode: "chunked", chunk_column: "id" };
  equal(of(chunked, 1_000_000, false).includes("no index detected"), true);
  equal(of(chunked, 1_000_000, true).includes("prefers a full table scan to the index"), true);
  const large = planned({ config: { mode: "chunked", chunk_column: "id" } }).exported;
  equal(
    suggestionOf("EFFICIENT", large, 5_000_001, true),
    "large dataset: parallel above 1 speeds it up",
  );
  equal(suggestionOf("EFFICIENT", large, 5_000_000, true), null);
});
