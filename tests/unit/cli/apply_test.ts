import { deepEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { type ApplyArgs, executeApply } from "../../../cli/apply.ts";
import type { LoadedConfig } from "../../../core/config/loaded.ts";
import type { RunOptions } from "../../../core/run/run_options.ts";
import { fakeAggregate, fakeConfig, fakeContext, fakeSummary } from "./fakes.ts";

const ARGS: ApplyArgs = {
  command: "apply",
  file: "plan.json",
  export: undefined,
  force: false,
  verifyKeyEnv: undefined,
  task: undefined,
  claim: false,
  finish: false,
  resume: false,
  parallelExportProcesses: false,
  lockWait: 0,
  summaryOutput: undefined,
  metricsFile: undefined,
  json: false,
  params: [],
};

const DONE = fakeAggregate(fakeSummary());

/** What `apply` does with a file: plans are loaded and run, anything else is a config. */
function context(config: LoadedConfig) {
  const calls: unknown[][] = [];
  const sealed = new Map();
  const ctx = fakeContext({
    config,
    loadPlans: (path, options) => {
      calls.push(["plans", path, options.exportName, options.force, options.verifyKey]);
      return Promise.resolve({ config, sealed });
    },
    runExports: (options: RunOptions) => {
      calls.push(["run", options.sealed === sealed, options.force, options.resume]);
      return Promise.resolve(DONE);
    },
    applyConfig: (options, processes) => {
      const job = { exported: config.exports[0], resume: true };
      calls.push(["config", options.resume, options.force, processes?.args(job) ?? null]);
      return Promise.resolve(DONE);
    },
  });
  return { ctx, calls };
}

Deno.test("a plan is run as sealed, a config by waves", async () => {
  const { ctx, calls } = context(fakeConfig("orders", "events"));
  const signed = { verifyKeyEnv: "PLAN_KEY" };
  await executeApply({ ...ARGS, ...signed, export: "orders", force: true }, ctx);
  await executeApply({ ...ARGS, file: "rivet.YAML", resume: true }, ctx);
  deepEqual(calls, [
    ["plans", "plan.json", "orders", true, "key in PLAN_KEY"],
    ["run", true, true, false],
    ["config", true, false, null],
  ]);
});

Deno.test("a file of another name is a plan when it looks like JSON", async () => {
  const folder = await Deno.makeTempDir();
  const [plan, yaml] = [join(folder, "plan"), join(folder, "rivet.conf")];
  await Deno.writeTextFile(plan, `\n {"plan_id": 1}`);
  await Deno.writeTextFile(yaml, "# {not json}\nsource: {}\n");
  const { ctx, calls } = context(fakeConfig("orders"));
  await executeApply({ ...ARGS, file: plan }, ctx);
  await executeApply({ ...ARGS, file: yaml }, ctx);
  deepEqual(calls.map(([what]) => what), ["plans", "run", "config"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("flags that do not go with the file are refused before anything is read", async () => {
  const ctx = fakeContext({});
  const wrong: readonly Partial<ApplyArgs>[] = [
    { resume: true },
    { parallelExportProcesses: true },
    { params: [["a", "b"]] },
    { file: "rivet.yaml", export: "orders" },
  ];
  for (const args of wrong) {
    await rejects(executeApply({ ...ARGS, ...args }, ctx), { code: "USAGE" });
  }
});

Deno.test("a child runs one export with the parent's parameters", async () => {
  const { ctx, calls } = context(fakeConfig("orders", "events"));
  const args = {
    file: "rivet.yaml",
    parallelExportProcesses: true,
    params: [["a", "b=c"]] as const,
  };
  await executeApply({ ...ARGS, ...args }, ctx);
  deepEqual(calls[0][3], [
    ...["run", "--config=rivet.yaml", "--export=orders", "--resume", "--param", "a=b=c"],
  ]);
  equal(ctx.out.text.includes("── Run summary ──"), true);
  const one = context(fakeConfig("orders"));
  await executeApply({ ...ARGS, ...args }, one.ctx);
  equal(one.calls[0][3], null, "one export needs no process of its own");
});

Deno.test("a failed export is the command's failure, after everything is printed", async () => {
  const failed = fakeAggregate(fakeSummary({ status: "failed", exportName: "orders" }));
  const ctx = fakeContext({
    config: fakeConfig("orders"),
    applyConfig: () => Promise.resolve(failed),
  });
  await rejects(executeApply({ ...ARGS, file: "rivet.yaml", json: true }, ctx), {
    code: "EXPORT_FAILED",
  });
  equal(JSON.parse(ctx.out.text).failed, 1);
});
