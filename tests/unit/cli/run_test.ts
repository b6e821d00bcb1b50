import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { executeRun } from "../../../cli/run.ts";
import type { RunArgs } from "../../../cli/run_command.ts";
import { RivetError, serializeError } from "../../../core/base/errors.ts";
import type { RunAggregate } from "../../../core/report/summary.ts";
import type { RunOptions } from "../../../core/run/run_options.ts";
import {
  fakeAggregate,
  fakeConfig,
  type FakeContext,
  fakeContext,
  FakeStream,
  fakeSummary,
  visibleLines,
} from "./fakes.ts";

const ARGS: RunArgs = {
  command: "run",
  config: "rivet.yaml",
  export: undefined,
  validate: false,
  reconcile: false,
  resume: false,
  resumeOrRun: false,
  force: false,
  parallelExports: false,
  parallelExportProcesses: false,
  lockWait: 0,
  summaryOutput: undefined,
  metricsFile: undefined,
  json: false,
  params: [],
};

/** A run that reports its summaries and returns them. */
function runOf(aggregate: RunAggregate, seen: RunOptions[] = []) {
  return (options: RunOptions): Promise<RunAggregate> => {
    seen.push(options);
    for (const summary of aggregate.exports) {
      options.listener.started({ ...summary, batchSize: null });
      options.listener.finished(summary);
    }
    return Promise.resolve(aggregate);
  };
}

function contextOf(aggregate: RunAggregate, ...exports: string[]): FakeContext {
  return fakeContext({ config: fakeConfig(...exports), runExports: runOf(aggregate) });
}

const DONE = fakeAggregate(fakeSummary());

Deno.test("the summary block is the result on stdout, stderr stays empty", async () => {
  const ctx = contextOf(DONE, "orders");
  await executeRun(ARGS, ctx);
  match(ctx.out.text, /^── orders ──\n/);
  equal(ctx.err.text, "");
});

Deno.test("--json leaves stdout to the JSON and sends blocks to stderr", async () => {
  const ctx = contextOf(DONE, "orders");
  await executeRun({ ...ARGS, json: true }, ctx);
  const json = JSON.parse(ctx.out.text);
  deepEqual(Object.keys(json), [
    "rivet_version",
    "started_at",
    "finished_at",
    "duration_ms",
    "total_exports",
    "succeeded",
    "failed",
    "skipped",
    "total_rows",
    "total_files",
    "total_bytes",
    "per_export",
    "rows",
    "files",
    "bytes",
    "exports",
  ]);
  equal(json.exports[0].export_name, "orders");
  equal(json.exports[0].peak_rss_mb, 142.3);
  deepEqual(json.per_export, json.exports);
  match(ctx.err.text, /^── orders ──\n/);
});

Deno.test("a stdout destination has stdout to itself", async () => {
  const ctx = contextOf(DONE, "orders: stdout");
  await executeRun(ARGS, ctx);
  equal(ctx.out.text, "");
  match(ctx.err.text, /^── orders ──\n/);
  await rejects(executeRun({ ...ARGS, json: true }, ctx), { code: "USAGE" });
  const other = contextOf(DONE, "orders", "pipe: stdout");
  await executeRun({ ...ARGS, export: "orders" }, other);
  match(other.out.text, /^── orders ──\n/);
});

Deno.test("the run gets the flags, the export and the listener", async () => {
  const seen: RunOptions[] = [];
  const ctx = fakeContext({ config: fakeConfig("orders", "b"), runExports: runOf(DONE, seen) });
  await executeRun({ ...ARGS, export: "b", validate: true, resume: true, force: true }, ctx);
  const { exportName, validate, reconcile, resume, force } = seen[0];
  deepEqual({ exportName, validate, reconcile, resume, force }, {
    exportName: "b",
    validate: true,
    reconcile: false,
    resume: true,
    force: true,
  });
});

Deno.test("an unknown export is refused before anything runs", async () => {
  const ctx = contextOf(DONE, "orders", "events");
  await rejects(executeRun({ ...ARGS, export: "ordres" }, ctx), {
    code: "USAGE",
    message: "there is no export 'ordres' in /etc/rivet.yaml; did you mean \"orders\"?",
    hint: "Its exports are: orders, events.",
  });
});

Deno.test("processes win over threads where both are asked for", async () => {
  const asked: string[] = [];
  const note = (how: string) => () => {
    asked.push(how);
    return Promise.resolve(DONE);
  };
  const ctx = contextOf(DONE, "orders", "events");
  const services = {
    ...ctx.services,
    runExports: note("this process"),
    runProcesses: note("processes"),
  };
  const both = { ...ARGS, parallelExports: true, parallelExportProcesses: true };
  await executeRun(both, { ...ctx, services });
  deepEqual(asked, ["processes"]);
});

Deno.test("a parameter given twice is refused", async () => {
  const ctx = contextOf(DONE, "orders");
  await rejects(executeRun({ ...ARGS, params: [["k", "1"], ["k", "2"]] }, ctx), {
    code: "USAGE",
    message: "--param k is given twice",
  });
});

Deno.test("a failed export fails the command after its summary and JSON are out", async () => {
  const error = serializeError(new RivetError("SOURCE_AUTH", "wrong password"));
  const ctx = contextOf(fakeAggregate(fakeSummary({ status: "failed", error })), "orders");
  const dir = await Deno.makeTempDir();
  const summaryOutput = `${dir}/sub/run.json`;
  await rejects(executeRun({ ...ARGS, summaryOutput }, ctx), {
    code: "SOURCE_AUTH",
    message: "export 'orders' failed: wrong password",
  });
  match(ctx.out.text, /status: {6}failed\n[^]*error: {7}wrong password/);
  const written = JSON.parse(await Deno.readTextFile(summaryOutput));
  equal(written.exports[0].error.code, "SOURCE_AUTH");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a run that throws leaves no summary file behind", async () => {
  const dir = await Deno.makeTempDir();
  const runExports = () => Promise.reject(new RivetError("STATE_LOCKED", "locked"));
  const ctx = fakeContext({ config: fakeConfig("orders"), runExports });
  await rejects(executeRun({ ...ARGS, summaryOutput: `${dir}/run.json` }, ctx), {
    code: "STATE_LOCKED",
  });
  deepEqual([...Deno.readDirSync(dir)], []);
  await Deno.remove(dir);
});

Deno.test("--quiet with --json prints the JSON alone", async () => {
  const ctx = contextOf(DONE, "orders");
  await executeRun({ ...ARGS, json: true }, { ...ctx, globals: { ...ctx.globals, quiet: true } });
  equal(JSON.parse(ctx.out.text).exports.length, 1);
  equal(ctx.err.text, "");
});

Deno.test("--metrics-file is for everybody to read, and keeps when an export last succeeded", async () => {
  const dir = await Deno.makeTempDir();
  const metricsFile = `${dir}/textfile/rivet.prom`;
  await executeRun({ ...ARGS, metricsFile }, contextOf(DONE, "orders"));
  equal((await Deno.stat(metricsFile)).mode! & 0o777, 0o644);
  const success = 'rivet_export_last_success_timestamp_seconds{export="orders"} 1774788672.536';
  const error = serializeError(new RivetError("SOURCE_AUTH", "wrong password"));
  const finishedAt = "2026-03-30T12:51:12.536Z";
  const failed = fakeAggregate(fakeSummary({ status: "failed", error, finishedAt }));
  await rejects(executeRun({ ...ARGS, metricsFile }, contextOf(failed, "orders")));
  const lines = (await Deno.readTextFile(metricsFile)).split("\n");
  equal(lines.includes(success), true);
  equal(lines.includes('rivet_export_success{export="orders"} 0'), true);
  deepEqual([...Deno.readDirSync(`${dir}/textfile`)].map(({ name }) => name), ["rivet.prom"]);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("an unwritable metrics path is found before the run, a run that throws leaves the file alone", async () => {
  const dir = await Deno.makeTempDir();
  const ctx = fakeContext({ config: fakeConfig("orders") });
  const metricsFile = `${dir}/rivet.prom`;
  await rejects(executeRun({ ...ARGS, metricsFile: dir }, ctx), { code: "DESTINATION_UNWRITABLE" });
  await Deno.writeTextFile(metricsFile, "before\n");
  const runExports = () => Promise.reject(new RivetError("STATE_LOCKED", "locked"));
  const locked = fakeContext({ config: fakeConfig("orders"), runExports });
  await rejects(executeRun({ ...ARGS, metricsFile }, locked), { code: "STATE_LOCKED" });
  equal(await Deno.readTextFile(metricsFile), "before\n");
  equal([...Deno.readDirSync(dir)].length, 1);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("an unwritable summary path is found before the run", async () => {
  const dir = await Deno.makeTempDir();
  const ctx = fakeContext({ config: fakeConfig("orders") });
  await rejects(executeRun({ ...ARGS, summaryOutput: dir }, ctx), {
    code: "DESTINATION_UNWRITABLE",
    message: `cannot write ${dir}: it is a directory`,
  });
  await Deno.writeTextFile(`${dir}/file`, "");
  await rejects(executeRun({ ...ARGS, summaryOutput: `${dir}/file/run.json` }, ctx), {
    code: "DESTINATION_UNWRITABLE",
  });
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a stop between two exports is an interruption, one after the last is not", async () => {
  const signal = AbortSignal.abort();
  const config = fakeConfig("orders", "events");
  const ctx = fakeContext({ config, runExports: runOf(DONE), signal });
  await rejects(executeRun(ARGS, ctx), {
    code: "INTERRUPTED",
    message: "interrupted after 1 of 2 exports",
  });
  await executeRun({ ...ARGS, export: "orders" }, ctx);
});

Deno.test("the live block is removed when the run throws", async () => {
  const err = new FakeStream({ columns: 80, rows: 24 });
  const runExports = (options: RunOptions): Promise<RunAggregate> => {
    const started = { exportName: "orders", runId: "r", mode: "full", profile: "safe" };
    options.listener.started({ ...started, batchSize: 2000, startedAt: "now" });
    return Promise.reject(new RivetError("STATE_LOCKED", "locked"));
  };
  const ctx = fakeContext({ config: fakeConfig("orders"), runExports, err });
  await rejects(executeRun(ARGS, ctx), { code: "STATE_LOCKED" });
  match(err.text, /orders 0 rows/);
  deepEqual(visibleLines(err.text), []);
});
