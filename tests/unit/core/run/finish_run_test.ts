/** The end of a run, step by step (I4, I7, I8), when one of its writes does not come about. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { DestinationError, RivetError, StateError } from "../../../../core/base/errors.ts";
import { finishRun, prepareRun, type RunOutcome } from "../../../../core/run/finish_run.ts";
import { RUN_ID, type TestRun, withRun } from "../../../support/run_context.ts";
import { keys, put, text } from "../manifest/support.ts";

const COPY = `manifest-${RUN_ID}.json`;

/** A run that left `a`, with what is said otherwise. */
async function outcomeOf(
  { destination }: TestRun,
  fields: Partial<RunOutcome> = {},
): Promise<RunOutcome> {
  const columns = [{
    name: "id",
    type: { kind: "int" as const, bits: 64 as const, signed: true },
    nativeType: "bigint",
    nullable: false,
    fidelity: "exact" as const,
  }];
  return {
    ...{ rows: 10, parts: [await put(destination, "a", "abc")] },
    ...{ columns, fileColumns: columns, widths: {}, quality: [] },
    ...{ reconciled: null, schemaChanged: null, cursor: null, error: null },
    ...fields,
  };
}

const full = () => new DestinationError("DESTINATION_FAILED", "no space left");

const statusAt = async ({ destination }: TestRun, key: string) =>
  JSON.parse(await text(destination, key) ?? "null")?.status;

Deno.test("finish: schema, manifest, metric, journal and report of a run that succeeded", () =>
  withRun({}, async (run) => {
    const summary = await finishRun(run.ctx, await outcomeOf(run));
    deepEqual([summary.status, summary.rows, summary.files], ["success", 10, 1]);
    deepEqual(await keys(run.destination), ["_SUCCESS", "a", COPY, "manifest.json"]);
    equal((await run.state.schema("orders"))?.runId, RUN_ID);
    equal((await run.state.metrics({}))[0].status, "success");
    equal((await run.state.journal({}))[0].events.at(-1)?.event, "finished");
    const report = `${run.ctx.config.dir}/.rivet/runs/${RUN_ID}/summary.json`;
    equal(JSON.parse(await Deno.readTextFile(report)).status, "success");
  }));

Deno.test("finish: a manifest that cannot be written fails the run, and its metric says so", () =>
  withRun({}, async (run) => {
    run.destination.replace = () => Promise.reject(full());
    const summary = await finishRun(run.ctx, await outcomeOf(run));
    deepEqual([summary.status, summary.error?.code], ["failed", "DESTINATION_FAILED"]);
    deepEqual(await keys(run.destination), ["a"]);
    const [metric] = await run.state.metrics({});
    deepEqual([metric.status, metric.errorCode], ["failed", "DESTINATION_FAILED"]);
    match(run.notifier.messages.join("\n"), /DESTINATION_FAILED/);
  }));

Deno.test("finish: a manifest whose _SUCCESS cannot be written does not stay as a success", () =>
  withRun({}, async (run) => {
    const { replace } = run.destination;
    run.destination.replace = (bytes, key) =>
      key === "_SUCCESS" ? Promise.reject(full()) : replace.call(run.destination, bytes, key);
    const summary = await finishRun(run.ctx, await outcomeOf(run));
    equal(summary.status, "failed");
    deepEqual([await statusAt(run, COPY), await statusAt(run, "manifest.json")], [
      "failed",
      "failed",
    ]);
  }));

Deno.test("finish: a lease that is lost before the end publishes nothing", () =>
  withRun({}, async (run) => {
    const outcome = await outcomeOf(run);
    await run.loseLease();
    const summary = await finishRun(run.ctx, outcome);
    deepEqual([summary.status, summary.error?.code], ["failed", "LEASE_LOST"]);
    deepEqual(await keys(run.destination), ["a"]);
    equal(await run.state.schema("orders"), null);
    // What became of the run is still told.
    equal((await run.state.metrics({}))[0].errorCode, "LEASE_LOST");
  }));

Deno.test("finish, I7: a schema that cannot be stored is a warning", () =>
  withRun({}, async (run) => {
    const saveSchema = () => Promise.reject(new StateError("STATE_UNAVAILABLE", "disk full"));
    const ctx = {
      ...run.ctx,
      state: new Proxy(run.ctx.state, {
        get: (state, name) => name === "saveSchema" ? saveSchema : Reflect.get(state, name),
      }),
    };
    equal((await finishRun(ctx, await outcomeOf(run))).status, "success");
    match(run.warnings.join("\n"), /could not write the schema snapshot: disk full/);
  }));

Deno.test("finish: an interrupted run leaves its parts and a manifest that says so", () =>
  withRun({}, async (run) => {
    const outcome = await outcomeOf(run, { error: new RivetError("INTERRUPTED", "stopped") });
    run.stop();
    const summary = await finishRun(run.ctx, outcome);
    equal(summary.status, "interrupted");
    equal(await statusAt(run, "manifest.json"), "interrupted");
    equal(await text(run.destination, "_SUCCESS"), null);
  }));

Deno.test("finish: no rows and skip_empty are a run without a manifest", () =>
  withRun({ skip_empty: true }, async (run) => {
    const outcome = await outcomeOf(run, { rows: 0, parts: [] });
    run.destination.remove("a");
    equal((await finishRun(run.ctx, outcome)).status, "skipped");
    deepEqual(await keys(run.destination), []);
  }));

Deno.test("finish: a repair without a change writes no manifest; one that cannot be stored fails", () =>
  withRun({}, async (run) => {
    let stored = 0;
    const repair = { error: null, changed: false, remember: () => Promise.resolve() };
    const unchanged = await outcomeOf(run, { repair });
    equal((await finishRun(run.ctx, unchanged)).status, "success");
    deepEqual(await keys(run.destination), ["a"]);
    const remember = async () => {
      // Only once the manifest is there.
      equal(await statusAt(run, "manifest.json"), "success");
      stored++;
      throw new StateError("STATE_UNAVAILABLE", "disk full");
    };
    const summary = await finishRun(run.ctx, {
      ...unchanged,
      repair: { error: null, changed: true, remember },
    });
    deepEqual([summary.status, summary.error?.code, stored], ["failed", "STATE_UNAVAILABLE", 1]);
  }));

Deno.test("prepare: the run's own manifest and nothing else", () =>
  withRun({}, async (run) => {
    await prepareRun(run.ctx, await outcomeOf(run));
    deepEqual(await keys(run.destination), ["a", COPY]);
    equal(await statusAt(run, COPY), "prepared");
  }));

Deno.test("prepare: nothing of a run that failed, of an empty one, or without the lease", () =>
  withRun({ skip_empty: true }, async (run) => {
    const outcome = await outcomeOf(run);
    await prepareRun(run.ctx, { ...outcome, error: new RivetError("INTERNAL", "broken") });
    await prepareRun(run.ctx, { ...outcome, rows: 0, parts: [] });
    await run.loseLease();
    await rejects(prepareRun(run.ctx, outcome), { code: "LEASE_LOST" });
    deepEqual(await keys(run.destination), ["a"]);
    ok(run.ctx.lease.failure);
  }));
