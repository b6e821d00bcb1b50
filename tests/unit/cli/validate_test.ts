import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { executeValidate, type ValidateArgs } from "../../../cli/validate.ts";
import type { ValidateOptions } from "../../../core/validate/validate.ts";
import {
  type ExportValidation,
  validationReport,
} from "../../../core/validate/validation_report.ts";
import { fakeConfig, fakeContext } from "./fakes.ts";

const ARGS: ValidateArgs = {
  command: "validate",
  config: "r.yaml",
  export: undefined,
  format: undefined,
  json: false,
  output: undefined,
  date: undefined,
  deep: false,
  runId: undefined,
  prefix: undefined,
  params: [],
};

const RUN = "orders_20260329T125109.336";

function validation(fields: Partial<ExportValidation> = {}): ExportValidation {
  return {
    export_name: "orders",
    run_id: RUN,
    status: "pass",
    legacy_run: false,
    destination: { kind: "local", uri: "/out" },
    manifest: `manifest-${RUN}.json`,
    success_marker: "match",
    row_count: 10,
    coverage: "3 verified: 2 md5, 1 size only",
    superseded: 0,
    quarantined: 0,
    parts: [],
    findings: [],
    warnings: [],
    ...fields,
  };
}

const BAD = validation({
  status: "fail",
  findings: [{ code: "part_missing", message: "a.csv is missing" }],
  warnings: ["the later run failed"],
});

function contextOf(...validations: ExportValidation[]) {
  const seen: ValidateOptions[] = [];
  const ctx = fakeContext({
    config: fakeConfig("orders", "users"),
    validateExports: (_config, options) => {
      seen.push(options);
      return Promise.resolve(validationReport(validations));
    },
  });
  return { ctx, seen };
}

Deno.test("validate prints a block per export", async () => {
  const { ctx } = contextOf(validation());
  await executeValidate(ARGS, ctx);
  equal(
    ctx.out.text,
    [
      "── orders ──",
      "  status:      pass",
      `  run_id:      ${RUN}`,
      "  destination: /out",
      `  manifest:    manifest-${RUN}.json`,
      "  rows:        10",
      "  coverage:    3 verified: 2 md5, 1 size only",
      "",
    ].join("\n"),
  );
});

Deno.test("what is wrong is printed, and the command fails", async () => {
  const { ctx } = contextOf(BAD, validation({ export_name: "users" }));
  await rejects(executeValidate(ARGS, ctx), {
    code: "VALIDATION_FAILED",
    message: "1 of 2 exports did not validate: 'orders'",
  });
  match(
    ctx.out.text,
    /status: {6}FAIL\n[^]*problem: {5}a\.csv is missing\n {2}note: {8}the later run/,
  );
  match(ctx.out.text, /\n2 exports: 1 passed, 1 failed\n$/);
});

Deno.test("--json and --format json print the report, failures included", async () => {
  for (const args of [{ json: true }, { format: "json" as const }]) {
    const { ctx } = contextOf(BAD);
    await rejects(executeValidate({ ...ARGS, ...args }, ctx), { code: "VALIDATION_FAILED" });
    const report = JSON.parse(ctx.out.text);
    deepEqual(report.summary, { exports: 1, passed: 0, failed: 1 });
    deepEqual(report.exports[0].findings, BAD.findings);
  }
});

Deno.test("a run id chooses its export; --format csv is the layout, not the output", async () => {
  const { ctx, seen } = contextOf(validation());
  const short = "orders_20260329T125109";
  for (const runId of [RUN, short]) {
    await executeValidate({ ...ARGS, runId, format: "csv" }, ctx);
    const { exports, signal: _, ...place } = seen.pop() as ValidateOptions;
    deepEqual(exports.map((e) => e.name), ["orders"]);
    deepEqual(place, { runId, format: "csv", date: null, prefix: null, deep: false });
  }
  await rejects(executeValidate({ ...ARGS, export: "users", runId: RUN }, ctx), { code: "USAGE" });
});

Deno.test("flags that contradict each other are usage errors", async () => {
  const { ctx } = contextOf();
  const wrong: Partial<ValidateArgs>[] = [
    { date: "yesterday" },
    { date: "2026-02-30" },
    { date: "2026-02-01", prefix: "out" },
    { date: "2026-02-01", runId: RUN },
    { export: "ordres" },
  ];
  for (const args of wrong) {
    await rejects(executeValidate({ ...ARGS, ...args }, ctx), { code: "USAGE" });
  }
});
