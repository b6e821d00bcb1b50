import { equal, match } from "node:assert/strict";
import { renderCheck } from "../../../../cli/render/check.ts";
import type { ExportCheck } from "../../../../core/preflight/check_exports.ts";
import { loadedExport } from "../../../support/exports.ts";
import type { Diagnostics } from "../../../../core/preflight/preflight.ts";
import { typeReport } from "../../../../core/preflight/type_report.ts";
import { SourceError } from "../../../../core/base/errors.ts";
import { column, INT, refused, UTC } from "../../core/discover/tables.ts";

const CHUNKED: Diagnostics = {
  strategy: "chunked-parallel(id, size=100000, p=4)",
  reads: null,
  rowEstimate: 10_000_000,
  keyRange: ["1", "50000000"],
  scanType: "Index Scan using orders_pkey",
  index: "full",
  indexed: true,
  verdict: "ACCEPTABLE",
  recommendedProfile: "balanced",
  recommendedParallel: 4,
  warnings: ["sparse id range: ~7% fill, most chunk windows will be nearly empty"],
  suggestion: "large dataset: parallel above 1 speeds it up",
  sparse: true,
};

const PROFILE = { profile: "safe", from: "environment", environment: "production" } as const;

/** An export's check without diagnostics. */
function checkOf(config: Record<string, unknown>, found: Partial<ExportCheck> = {}): ExportCheck {
  const nothing = { diagnostics: null, columns: null, errors: [], profile: PROFILE };
  return { exported: loadedExport(config), ...nothing, ...found };
}

const LAYOUT = { target: null, width: undefined };

Deno.test("an export's block, wrapped below its fields", () => {
  const config = { mode: "chunked", chunk_column: "id", chunk_size: 100000 };
  const check = checkOf(config, { diagnostics: CHUNKED });
  equal(
    renderCheck(check, null, { ...LAYOUT, width: 70 }),
    `Export: orders
  Strategy:     chunked-parallel(id, size=100000, p=4)
  Mode:         chunked (column: id, size: 100000)
  Row estimate: ~10M
  Cursor range: 1 .. 50000000
  Scan type:    Index Scan using orders_pkey
  Verdict:      ACCEPTABLE
  Profile:      safe (environment: production)
  Recommended:  tuning.profile: balanced, parallel: 4
  Warning:      Sparse id range: ~7% fill, most chunk windows will be
                nearly empty
  Suggestion:   Large dataset: parallel above 1 speeds it up`,
  );
});

Deno.test("how an export's statements are read is said where it matters", () => {
  const diagnostics = { ...CHUNKED, reads: "pages of id, each a short statement" };
  const check = checkOf({ mode: "full" }, { diagnostics });
  match(renderCheck(check, null, LAYOUT), /^ {2}Reads: {8}pages of id, each a short statement$/m);
});

Deno.test("the profile that holds, and what said so", () => {
  const texts: [ExportCheck["profile"], string][] = [
    [{ profile: "fast", from: "environment", environment: "local" }, "fast (environment: local)"],
    [{ profile: "balanced", from: "default", environment: null }, "balanced (the default)"],
    [
      { profile: "safe", from: "source", environment: "local" },
      "safe (set by source.tuning; environment: local)",
    ],
    [{ profile: "fast", from: "export", environment: null }, "fast (set by the export's tuning)"],
  ];
  for (const [profile, text] of texts) {
    const check = checkOf({ mode: "full" }, { diagnostics: CHUNKED, profile });
    equal(renderCheck(check, null, LAYOUT).includes(`  Profile:      ${text}\n`), true, text);
  }
});

Deno.test("what a mode goes by", () => {
  const modes: [Record<string, unknown>, string][] = [
    [{ mode: "full" }, "full"],
    [{ mode: "incremental", cursor_column: "a" }, "incremental (cursor: a)"],
    [
      { mode: "incremental", cursor_column: "a", cursor_fallback_column: "b" },
      "incremental (cursor: COALESCE(a, b))",
    ],
    [
      { mode: "time_window", time_column: "at", days_window: 3 },
      "time_window (column: at, days: 3)",
    ],
    [{ mode: "chunked" }, "chunked (column: primary key, size: 100000)"],
    [{ mode: "chunked", chunk_by_key: "k", chunk_size: 5 }, "chunked (key: k, size: 5)"],
    [{ mode: "chunked", chunk_size_memory_mb: 64 }, "chunked (column: primary key, size: 64 MiB)"],
    [{ mode: "chunked", chunk_by_key: true }, "chunked (key: primary key, size: 100000)"],
    [{ mode: "chunked", chunk_column: "at", chunk_by_days: 2 }, "chunked (column: at, days: 2)"],
    [{ mode: "chunked", chunk_column: "id", chunk_count: 8 }, "chunked (column: id, count: 8)"],
  ];
  for (const [config, text] of modes) {
    const check = checkOf(config);
    equal(renderCheck(check, null, LAYOUT), `Export: orders\n  Mode:         ${text}`);
  }
});

Deno.test("an export that would fail says why and what to do", () => {
  const error = new SourceError("SOURCE_QUERY", "first\nsecond", { hint: "Do this." });
  const check = checkOf({ mode: "full" }, { errors: [error] });
  equal(
    renderCheck(check, null, LAYOUT),
    `Export: orders
  Mode:         full
  Error:        first
                second
  Hint:         Do this.`,
  );
});

Deno.test("the type report with a target, as the reference lays it out", () => {
  const columns = [
    column("id", INT),
    column("amount", { kind: "decimal", precision: 15, scale: 4 }),
    column("at", UTC),
    { ...column("metadata", { kind: "json" }), fidelity: "logical_string" as const },
    column("tags", { kind: "list", element: { kind: "text" } }),
    refused("total", { kind: "decimal", precision: 38, scale: 18 }),
  ];
  const report = typeReport(columns, "bigquery");
  const error = new SourceError("TYPE_UNSUPPORTED", "said by the table");
  const check = checkOf({ mode: "full" }, { columns, errors: [error] });
  equal(
    renderCheck(check, report, { target: "bigquery", width: undefined }),
    `Export: orders  [target: bigquery]
  Mode:         full

  Column    Source type  Rivet type     Arrow type          Fidelity        Target type      Status
  --------  -----------  -------------  ------------------  --------------  ---------------  ------
  id        int          int64          Int64               exact           INT64            ok
  amount    decimal      decimal(15,4)  Decimal128(15, 4)   exact           NUMERIC          ok
  at        timestamp    timestamp_tz   Timestamp(us, UTC)  exact           TIMESTAMP        ok
  metadata  json         json           Utf8                logical_string  STRING           ok ~
  tags      list         list<text>     List(Utf8)          exact           REPEATED STRING  ok
  total     numeric      -              -                   unsupported     -                FAIL

  metadata: JSON text, unless the table's schema says JSON
  total: cannot be read; set columns: { "total": "decimal(38,18)" }`,
  );
});
