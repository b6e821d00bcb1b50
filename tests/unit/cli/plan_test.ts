import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { executePlan, type PlanArgs } from "../../../cli/plan.ts";
import type { PlannedExports } from "../../../core/artifact/plan_exports.ts";
import { planCampaign } from "../../../core/artifact/campaign.ts";
import { artifactOf, planned } from "../core/plan/planned.ts";
import { fakeConfig, fakeContext } from "./fakes.ts";

const ARGS: PlanArgs = {
  command: "plan",
  config: "rivet.yaml",
  export: undefined,
  output: undefined,
  format: "pretty",
  signKeyEnv: undefined,
  tasks: undefined,
  hold: false,
  noAnnotate: false,
  params: [],
};

const TEXT = "exports:\n- name: a\n- name: b\n";

async function plansOf(...names: string[]): Promise<PlannedExports> {
  const plans = await Promise.all(names.map(async (name) => {
    const one = planned({ name });
    return { ...one, artifact: await artifactOf(one) };
  }));
  const ranked = plans.map((p) => ({
    name: p.exported.name,
    recommendation: p.artifact.prioritization,
  }));
  return { plans, campaign: plans.length > 1 ? planCampaign(ranked).campaign : null };
}

async function plan(names: string[], args: (folder: string) => Partial<PlanArgs>) {
  const folder = await Deno.makeTempDir();
  try {
    const config = join(folder, "rivet.yaml");
    await Deno.writeTextFile(config, TEXT);
    const result = await plansOf(...names);
    const ctx = fakeContext({
      config: fakeConfig(...names),
      planExports: () => Promise.resolve(result),
    });
    await executePlan({ ...ARGS, config, ...args(folder) }, ctx);
    const file = await Deno.readTextFile(join(folder, "plan.json")).catch(() => null);
    return {
      out: ctx.out.text,
      err: ctx.err.text,
      file: file === null ? null : JSON.parse(file),
      config: await Deno.readTextFile(config),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const toFile = (folder: string) => ({ output: join(folder, "plan.json") });

Deno.test("pretty to people, JSON to the file, JSON to stdout without one", async () => {
  const pretty = await plan(["a"], toFile);
  match(pretty.out, /^ {2}Plan ID {4}: /);
  equal(pretty.file.export_name, "a");
  const json = await plan(["a"], () => ({ format: "json" }));
  deepEqual([JSON.parse(json.out).export_name, json.file], ["a", null]);
  const both = await plan(["a"], (folder) => ({ format: "json", ...toFile(folder) }));
  deepEqual([both.out, both.file.export_name], ["", "a"]);
});

Deno.test("several plans lie under `plans`, and their waves in the config", async () => {
  const { file, config, err } = await plan(["a", "b"], toFile);
  deepEqual(file.plans.map((p: { export_name: string }) => p.export_name), ["a", "b"]);
  equal(config, TEXT.replace(/name: .\n/g, "$&  wave: 2\n  parallel_safe: true\n"));
  match(err, /^Wrote wave and parallel_safe of 2 exports into .*rivet\.yaml\n$/);
});

Deno.test("one export, and --no-annotate, leave the config alone", async () => {
  equal((await plan(["a"], () => ({}))).config, TEXT);
  equal((await plan(["a", "b"], () => ({ noAnnotate: true }))).config, TEXT);
});
