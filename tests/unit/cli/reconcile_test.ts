import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { executeReconcile, type ReconcileArgs } from "../../../cli/reconcile.ts";
import { executeRepairCommand, type RepairArgs } from "../../../cli/repair.ts";
import { ConfigError, RivetError, serializeError } from "../../../core/base/errors.ts";
import type { ReconcileOptions } from "../../../core/reconcile/reconcile.ts";
import {
  comparePartition,
  type ReconcileReport,
  reconcileReport,
} from "../../../core/reconcile/reconcile_report.ts";
import type { RepairOptions, RepairResult } from "../../../core/repair/repair.ts";
import { chunkRun, RUN_ID, task } from "../core/reconcile/reconcile_support.ts";
import { fakeConfig, fakeContext } from "./fakes.ts";

const RECONCILE: ReconcileArgs = {
  command: "reconcile",
  config: "r.yaml",
  export: "orders",
  format: "pretty",
  output: undefined,
  checksum: false,
  params: [],
};

const REPAIR: RepairArgs = {
  command: "repair",
  config: "r.yaml",
  export: "orders",
  report: undefined,
  execute: false,
  lockWait: 0,
  format: "pretty",
  output: undefined,
  params: [],
};

const report = (...rows: (number | string)[]): ReconcileReport =>
  reconcileReport(
    chunkRun(),
    rows.map((found, i) =>
      comparePartition(
        task(i),
        typeof found === "number" ? { rows: found, checksum: null } : { problem: found },
      )
    ),
  );

function reconciling(answer: ReconcileReport) {
  const asked: ReconcileOptions[] = [];
  const ctx = fakeContext({
    config: fakeConfig("orders", "items"),
    reconcileExport: (options) => {
      asked.push(options);
      return Promise.resolve(answer);
    },
  });
  return { ctx, asked };
}

async function inTemp(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-cli-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("reconcile: a clean report is totals and nothing more", async () => {
  const { ctx, asked } = reconciling(report(1000, 1000));
  await executeReconcile({ ...RECONCILE, checksum: true }, ctx);
  deepEqual(asked.map((o) => [o.exported.name, o.checksum]), [["orders", true]]);
  equal(
    ctx.out.text,
    `── orders ──
  run_id:      ${RUN_ID}
  partitions:  2
  matches:     2
  mismatches:  0
  unknown:     0
  source rows: 2000
  exported:    2000
`,
  );
});

Deno.test("reconcile: exits 1 on a mismatch, after the report and its file", () =>
  inTemp(async (folder) => {
    const { ctx } = reconciling(report(1000, 1005, "not counted: slow"));
    const output = `${folder}/r.json`;
    await rejects(executeReconcile({ ...RECONCILE, output }, ctx), (error) => {
      if (!(error instanceof RivetError)) return false;
      equal(error.code, "RECONCILE_MISMATCH");
      match(error.message, /1 of 3 chunks/);
      match(error.hint ?? "", /rivet repair/);
      return true;
    });
    match(ctx.out.text, /chunk 1 \[1001\.\.2000\] +1005 +1000 mismatch +diff \+5/);
    match(ctx.out.text, /chunk 2 \[2001\.\.3000\] +- +1000 unknown +not counted: slow/);
    equal(ctx.out.text.includes("chunk 0"), false);
    const written: ReconcileReport = JSON.parse(await Deno.readTextFile(output));
    deepEqual(written, report(1000, 1005, "not counted: slow"));
  }));

Deno.test("reconcile: unknown alone is no failure, and json is the report", async () => {
  const { ctx } = reconciling(report(1000, "gone"));
  await executeReconcile({ ...RECONCILE, format: "json" }, ctx);
  deepEqual(JSON.parse(ctx.out.text), report(1000, "gone"));
});

Deno.test("reconcile and repair: an unknown export is a usage error before anything is asked", async () => {
  const { ctx } = reconciling(report());
  await rejects(executeReconcile({ ...RECONCILE, export: "ordres" }, ctx), ConfigError);
  await rejects(executeRepairCommand({ ...REPAIR, export: "ordres" }, ctx), ConfigError);
});

const PLAN: RepairResult = {
  rivet_version: "0.1.0",
  export_name: "orders",
  reconcile_run_id: RUN_ID,
  strategy: "chunked",
  actions: [{ chunk_index: 3, start_key: "3001", end_key: null, reason: "mismatch: diff +3" }],
  skipped: [{ identifier: "chunk x", reason: "is not of the form" }],
};

const EXECUTED: RepairResult = {
  ...PLAN,
  execution: {
    status: "success",
    chunks: [{
      chunk_index: 3,
      rows_before: 10,
      rows: 13,
      parts: ["orders_20260329_130000_chunk3_ab12cd34.parquet"],
      superseded: ["orders_20260329_125109_chunk3.parquet"],
    }],
    row_count: 43,
    part_count: 4,
    error: null,
  },
};

function repairing(answer: RepairResult) {
  const asked: RepairOptions[] = [];
  const ctx = fakeContext({
    config: fakeConfig("orders"),
    repairExport: (options) => {
      asked.push(options);
      return Promise.resolve(answer);
    },
  });
  return { ctx, asked };
}

Deno.test("RR2: repair prints the plan and says that nothing was executed", async () => {
  const { ctx, asked } = repairing(PLAN);
  await executeRepairCommand(REPAIR, ctx);
  deepEqual(asked.map((o) => [o.execute, o.report]), [[false, null]]);
  match(ctx.out.text, /3 3001 +- +mismatch: diff \+3/);
  match(ctx.out.text, /skipped: chunk x: is not of the form/);
  match(ctx.out.text, /Nothing was executed; --execute/);
});

Deno.test("repair: what was done, as text and as JSON", async () => {
  const { ctx } = repairing(EXECUTED);
  await executeRepairCommand({ ...REPAIR, execute: true }, ctx);
  match(ctx.out.text, /chunk 3: +10 -> 13 rows, orders_20260329_130000_chunk3_ab12cd34\.parquet/);
  match(ctx.out.text, /manifest: +43 rows in 4 parts/);
  const json = repairing(EXECUTED);
  await executeRepairCommand({ ...REPAIR, execute: true, format: "json" }, json.ctx);
  deepEqual(JSON.parse(json.ctx.out.text), EXECUTED);
  const nothing = repairing({ ...PLAN, actions: [], skipped: [] });
  await executeRepairCommand({ ...REPAIR, execute: true }, nothing.ctx);
  match(nothing.ctx.out.text, /Nothing to repair\.$/m);
});

Deno.test("repair: a chunk that failed is the command's failure, with what was done", async () => {
  const error = serializeError(new RivetError("SOURCE_QUERY", "division by zero"));
  const execution = { ...EXECUTED.execution!, status: "failed" as const, error };
  const { ctx } = repairing({ ...EXECUTED, execution });
  await rejects(executeRepairCommand({ ...REPAIR, execute: true }, ctx), {
    code: "SOURCE_QUERY",
    message: "export 'orders': 1 of 1 chunks were repaired: division by zero",
  });
  match(ctx.out.text, /status: +failed/);
});

Deno.test("repair: the report is read before anything is asked", () =>
  inTemp(async (folder) => {
    const file = `${folder}/r.json`;
    const { ctx, asked } = repairing(PLAN);
    await Deno.writeTextFile(file, JSON.stringify(report(999)));
    await executeRepairCommand({ ...REPAIR, report: file }, ctx);
    deepEqual(asked[0].report?.partitions.map((p) => p.note), ["diff -1"]);
    for (const path of [`${folder}/nowhere.json`, folder]) {
      await rejects(executeRepairCommand({ ...REPAIR, report: path }, ctx), { code: "USAGE" });
    }
    equal(asked.length, 1);
  }));
