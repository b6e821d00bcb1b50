/** Which run is the newest when the clock was set back between two of them. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { type Bench, onBench, range, SOURCE, succeeded } from "../plan/bench.ts";

const HOUR_MS = 3_600_000;
const TABLE = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)";

const entry = (name: string, fields: string) =>
  `  - {name: ${name}, table: t, ${fields}, format: csv, tuning: {profile: fast},
     destination: {type: local, path: ./out/${name}}}\n`;
const CONFIG = `${SOURCE}exports:
${
  entry(
    "chunks",
    "mode: chunked, chunk_column: id, chunk_size: 50, chunk_checkpoint: true, wave: 1",
  )
}${entry("full", "mode: full, wave: 2")}`;

async function json(bench: Bench, ...args: string[]) {
  return JSON.parse((await bench.rivet(...args, "-c", "rivet.yaml")).out);
}

/** The rows of a listing, whether it is bare or named. */
function listed(value: Record<string, unknown> | unknown[], name: string) {
  return (Array.isArray(value) ? value : value[name]) as { run_id: string }[];
}

async function runOf(bench: Bench, folder: string) {
  return JSON.parse(await Deno.readTextFile(bench.path(folder, "manifest.json")));
}

async function withTable(body: (bench: Bench) => Promise<void>): Promise<void> {
  await onBench(async (bench) => {
    await bench.db.sql(TABLE);
    await bench.write("rivet.yaml", CONFIG);
    await body(bench);
  });
}

Deno.test("order: with the clock an hour back every command looks at the run that began last", () =>
  withTable(async (bench) => {
    const run = () => bench.rivet("run", "-c", "rivet.yaml", "-e", "chunks");
    succeeded(await run());
    const first = await runOf(bench, "out/chunks");
    await bench.db.sql("INSERT INTO t VALUES (101)");
    bench.clockOffsetMs = -HOUR_MS;
    succeeded(await run());
    const second = await runOf(bench, "out/chunks");
    ok(second.run_id < first.run_id, "the clock was not set back");
    equal(second.sequence, first.sequence + 1);
    equal(second.previous_run_id, first.run_id);

    const journal = await json(bench, "journal", "-e", "chunks", "--json");
    equal(listed(journal, "runs")[0].run_id, second.run_id);
    const files = await json(bench, "state", "files", "--json");
    equal(files.files[0].run_id, second.run_id);
    equal(
      (await json(bench, "state", "chunks", "-e", "chunks", "--json")).run.run_id,
      second.run_id,
    );
    const validated = await json(bench, "validate", "-e", "chunks", "--json");
    deepEqual([validated.exports[0].run_id, validated.exports[0].row_count], [
      second.run_id,
      101,
    ]);
    const report = await json(bench, "reconcile", "-e", "chunks", "--format", "json");
    deepEqual([report.run_id, report.summary.mismatches], [second.run_id, 0]);
    const metrics = listed(await json(bench, "metrics", "--json"), "metrics");
    equal(metrics[0].run_id, second.run_id);
    for (const metric of metrics as unknown as { duration_ms: number }[]) {
      ok(metric.duration_ms >= 0);
    }

    // Without the state the manifests tell the order, and a new state goes on behind them.
    for (const suffix of ["", "-wal", "-shm"]) {
      await Deno.remove(bench.path(`.rivet_state.db${suffix}`)).catch(() => {});
    }
    const stateless = await json(bench, "validate", "-e", "chunks", "--json");
    equal(stateless.exports[0].run_id, second.run_id);
    bench.clockOffsetMs = -2 * HOUR_MS;
    succeeded(await run());
    const third = await runOf(bench, "out/chunks");
    equal(third.sequence, second.sequence + 1);
    equal(third.previous_run_id, second.run_id);
  }));

Deno.test("order: apply --resume knows what the last apply finished, whatever the clock says", () =>
  withTable(async (bench) => {
    // A run of before the apply, with a clock that is ahead of it.
    succeeded(await bench.rivet("run", "-c", "rivet.yaml"));
    const before = await runOf(bench, "out/full");
    bench.clockOffsetMs = -HOUR_MS;
    await Deno.writeTextFile(bench.path("out/blocked"), "");
    const blocked = CONFIG.replace("./out/full", "./out/blocked/full");
    await bench.write("rivet.yaml", blocked);
    equal((await bench.rivet("apply", "rivet.yaml")).code, 1);
    await bench.write("rivet.yaml", CONFIG);
    const chunks = await runOf(bench, "out/chunks");
    const resumed = succeeded(await bench.rivet("apply", "rivet.yaml", "--resume", "--verbose"));
    match(resumed.err, /export 'chunks' is finished and is left alone/);
    equal((await runOf(bench, "out/chunks")).run_id, chunks.run_id);
    notEqual((await runOf(bench, "out/full")).run_id, before.run_id);
    deepEqual((await bench.ids("out/full")).length, 2 * range(1, 100).length);
  }));
