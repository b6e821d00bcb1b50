import { deepEqual, equal, match } from "node:assert/strict";
import { renderPlans } from "../../../../cli/render/plan.ts";
import type { PlannedExports } from "../../../../core/artifact/plan_exports.ts";
import {
  artifactOf,
  chunkedStrategy,
  planned,
  type PlannedFacts,
} from "../../core/plan/planned.ts";

async function render(facts: PlannedFacts, warnings: string[] = []): Promise<string[]> {
  const one = planned(facts);
  const diagnostics = { ...one.diagnostics, warnings };
  const now = new Date("2026-04-14T10:00:00Z");
  const artifact = await artifactOf({ ...one, diagnostics }, { now });
  const plans: PlannedExports = { plans: [{ ...one, diagnostics, artifact }], campaign: null };
  return renderPlans(plans).split("\n");
}

Deno.test("a plan as the reference shows it", async () => {
  const [id, ...lines] = await render({
    rows: 2_100_000,
    config: {
      mode: "chunked",
      chunk_column: "id",
      tuning: { batch_size: 10_000 },
    },
    strategy: chunkedStrategy(42),
  }, ["sparse id range: ~12% fill"]);
  match(id, /^ {2}Plan ID {4}: [0-9a-f]{32}$/);
  deepEqual(lines, [
    "  Created    : 2026-04-14 10:00:00 UTC",
    "  Expires    : 2026-04-15 10:00:00 UTC",
    "  Export     : orders",
    "  Strategy   : chunked",
    "  Chunks     : 42",
    "  Schema     : first run",
    "  Row est.   : ~2,100,000",
    "  Verdict    : Acceptable",
    "  Profile    : balanced",
    "  Warnings   :",
    "    • sparse id range: ~12% fill",
    "  Resources  :",
    "    Batch size   : 10,000 rows",
    "    Batch memory : ~2 MB (narrow) – ~95 MB (wide)",
    "    RSS guard    : 4,096 MB",
    "    Throttle     : 50 ms between batches",
    "  Output     : local → ./out",
    "  Format     : parquet + zstd",
    "  Priority   : score 40 — Medium (wave 3)",
    "  Prioritize :",
    "    • [large_table] Large (~2100000 rows).",
    "    • [no_time_cursor] mode: chunked follows no cursor; every run reads everything.",
    "    • [chunking_heavy] 42 chunks: higher source load and runtime.",
  ]);
});

Deno.test("resources: adaptive batches, no guard, no throttle, and the hint for wide rows", async () => {
  const fast = await render({ config: { tuning: { profile: "fast" }, format: "csv" } });
  const at = (lines: string[], label: string) =>
    lines.find((l) => l.trim().startsWith(label))?.trim();
  equal(at(fast, "Batch size"), "Batch size   : adaptive");
  equal(at(fast, "Batch memory"), "Batch memory : ~64 MB");
  equal(at(fast, "RSS guard"), "RSS guard    : disabled");
  equal(at(fast, "Throttle"), undefined);
  equal(at(fast, "Chunks"), undefined);
  equal(at(fast, "Format"), "Format     : csv");
  const wide = await render({ config: { tuning: { batch_size: 13_500 } } });
  match(at(wide, "⚠") ?? "", /~129 MB per batch: consider batch_size_memory_mb$/);
});

Deno.test("an incremental plan shows its cursor", async () => {
  const facts = { config: { mode: "incremental", cursor_column: "id" } };
  equal((await render(facts)).includes("  Cursor     : none (first run)"), true);
  equal((await render({ ...facts, cursor: "41" })).includes("  Cursor     : 41"), true);
});

Deno.test("a plan says whether the schema is the one of the last run", async () => {
  equal((await render({ drift: [] })).includes("  Schema     : no drift"), true);
  const lines = await render({ drift: ["added tax numeric(10,2)", "removed note"] });
  const at = lines.indexOf("  Schema     : DRIFT (on_schema_drift: warn)");
  deepEqual(lines.slice(at + 1, at + 3), ["    • added tax numeric(10,2)", "    • removed note"]);
});
