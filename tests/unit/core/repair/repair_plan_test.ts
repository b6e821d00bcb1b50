import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { ConfigError, RivetError } from "../../../../core/base/errors.ts";
import { requireRepairable } from "../../../../core/repair/execute_repair.ts";
import {
  parseReport,
  repairPlan,
  type ReportForRepair,
  requireReportOf,
} from "../../../../core/repair/repair_plan.ts";
import { comparePartition, reconcileReport } from "../../../../core/reconcile/reconcile_report.ts";
import {
  chunkRun,
  exportWith,
  recorded,
  RUN_ID,
  SHAPE,
  task,
} from "../reconcile/reconcile_support.ts";

function report(
  ...partitions: [string, "match" | "mismatch" | "unknown", string?][]
): ReportForRepair {
  return {
    export_name: "orders",
    run_id: RUN_ID,
    strategy: "chunked",
    partitions: partitions.map(([identifier, status, note = null]) => ({
      identifier,
      status,
      note,
    })),
  };
}

Deno.test("RR1: one action for each mismatch and unknown of the report, none for a match", () => {
  const tasks = [task(0), task(1), task(2), task(3, { startKey: null, endKey: null })];
  const found = reconcileReport(chunkRun(), [
    comparePartition(tasks[0], { rows: 1000, checksum: null }),
    comparePartition(tasks[1], { rows: 1003, checksum: null }),
    comparePartition(tasks[2], { problem: "not counted" }),
    comparePartition(tasks[3], { rows: 0, checksum: null }),
  ]);
  const parsed = parseReport(JSON.stringify(found), "reconcile.json");
  deepEqual(JSON.parse(JSON.stringify(repairPlan(parsed, recorded(tasks)))), {
    rivet_version: "0.1.0",
    export_name: "orders",
    reconcile_run_id: RUN_ID,
    strategy: "chunked",
    actions: [
      { chunk_index: 1, start_key: "1001", end_key: "2000", reason: "mismatch: diff +3" },
      { chunk_index: 2, start_key: "2001", end_key: "3000", reason: "unknown: not counted" },
      { chunk_index: 3, start_key: null, end_key: null, reason: "mismatch: diff -1000" },
    ],
    skipped: [],
  });
});

Deno.test("RR1: a chunk is repaired once, in the order of the chunks", () => {
  const plan = repairPlan(
    report(
      ["chunk 1 [1001..2000]", "mismatch"],
      ["chunk 0 [1..1000]", "unknown"],
      ["chunk 1 [1001..2000]", "mismatch"],
    ),
    recorded([task(0), task(1)]),
  );
  deepEqual(plan.actions.map((a) => [a.chunk_index, a.reason]), [[0, "unknown"], [1, "mismatch"]]);
});

Deno.test("RR6: an identifier that names no chunk of the run is skipped with the reason", () => {
  const plan = repairPlan(
    report(
      ["chunk x [1..2]", "mismatch"],
      ["", "unknown"],
      ["chunk 0 [1..1000] OR 1=1", "mismatch"],
      ["chunk 9 [1..1000]", "mismatch"],
      ["chunk 0 [1..999]", "mismatch"],
      ["chunk 0 [NULL]", "mismatch"],
      ["garbage that matches", "match"],
    ),
    recorded([task(0)]),
  );
  deepEqual(plan.actions, []);
  deepEqual(plan.skipped.map((s) => s.identifier), [
    "chunk x [1..2]",
    "",
    "chunk 0 [1..1000] OR 1=1",
    "chunk 9 [1..1000]",
    "chunk 0 [1..999]",
    "chunk 0 [NULL]",
  ]);
  match(plan.skipped[0].reason, /not of the form/);
  match(plan.skipped[3].reason, /no chunk of this number/);
  match(plan.skipped[4].reason, /other keys: chunk 0 \[1\.\.1000\]/);
});

Deno.test("RR6: keys of text may hold what an identifier is written with", () => {
  const keys = [["a..b", "c]"], [null, "x\ny"], ["] [", null], [null, null]] as const;
  const tasks = keys.map(([startKey, endKey], i) => task(i, { startKey, endKey }));
  const run = recorded(tasks, { ...SHAPE, kind: "key" });
  const found = reconcileReport(
    chunkRun(),
    tasks.map((t) => comparePartition(t, { rows: 5, checksum: null })),
  );
  const plan = repairPlan(parseReport(JSON.stringify(found), "r.json"), run);
  deepEqual(plan.skipped, []);
  deepEqual(plan.actions.map((a) => [a.start_key, a.end_key]), keys);
});

Deno.test("bad input: what is no report is a usage error that says how to make one", () => {
  const valid = { ...report(), partitions: [{ kind: "chunk", identifier: "", status: "match" }] };
  const cases: [string, RegExp][] = [
    ["{", /r\.json is not JSON/],
    ["null", /is no reconcile report: the document/],
    ["[]", /is no reconcile report/],
    [JSON.stringify({ ...valid, run_id: 5 }), /run_id/],
    [JSON.stringify({ ...valid, partitions: [{ identifier: "a" }] }), /partitions\.0/],
    [
      JSON.stringify({ ...valid, partitions: [{ ...valid.partitions[0], status: "fine" }] }),
      /partitions\.0\.status/,
    ],
    // RR7
    [JSON.stringify({ ...valid, strategy: "incremental" }), /only chunks are repaired/],
  ];
  for (const [text, message] of cases) {
    throws(() => parseReport(text, "r.json"), (error) => {
      ok(error instanceof ConfigError);
      equal(error.code, "USAGE");
      match(error.message, message);
      match(error.hint ?? "", /rivet reconcile .* --format json -o/);
      return true;
    });
  }
  equal(parseReport(JSON.stringify(valid), "r.json").partitions[0].note, null);
});

Deno.test("bad input: a report of another export or of another run", () => {
  const run = recorded([task(0)]);
  requireReportOf(report(), run, exportWith());
  throws(() => requireReportOf({ ...report(), export_name: "items" }, run, exportWith()), {
    code: "USAGE",
    message: "the report is of export 'items', not of 'orders'",
  });
  throws(
    () => requireReportOf({ ...report(), run_id: "orders_20250101T000000.000" }, run, exportWith()),
    {
      code: "CHECKPOINT_MISMATCH",
    },
  );
});

Deno.test("I5: a run with open chunks belongs to --resume, not to repair", () => {
  const tasks = [task(0), task(1, { status: "pending" }), task(2, { status: "failed" })];
  requireRepairable(recorded([task(0)]));
  throws(() => requireRepairable(recorded(tasks, SHAPE, { status: "in_progress" })), (error) => {
    ok(error instanceof RivetError);
    equal(error.code, "CHECKPOINT_OPEN");
    match(error.message, /2 of 3 chunks were never completed/);
    match(error.hint ?? "", /rivet run -c CONFIG -e orders --resume/);
    return true;
  });
});
