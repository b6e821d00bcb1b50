/** `rivet apply <config>`: waves, collected failures, and what `--resume` leaves alone. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Bench, onBench, range, SOURCE, succeeded } from "../plan/bench.ts";
import { until } from "../../support/until.ts";

const TABLES = `
  CREATE TABLE a (id int PRIMARY KEY);
  INSERT INTO a SELECT generate_series(1, 100);
  CREATE TABLE b (id int PRIMARY KEY);
  INSERT INTO b SELECT generate_series(1, 1000);
  CREATE TABLE poison (id int)`;

const entry = (name: string, fields: string) =>
  `  - {name: ${name}, ${fields}, format: csv, destination: {type: local, path: ./out/${name}}}\n`;

/** `broken` fails while its poison table has a row; `chunks` at the chunk that the poison names. */
const broken =
  `query: "SELECT id, 1 / (SELECT 1 - count(*)::int FROM poison WHERE id = 0) AS n FROM a"`;
const chunks =
  `query: "SELECT id, 1 / CASE WHEN id = (SELECT max(id) FROM poison) THEN 0 ELSE 1 END AS n FROM b",` +
  " mode: chunked, chunk_column: id, chunk_size: 250, chunk_checkpoint: true";

const CONFIG = `${SOURCE}exports:\n` +
  entry("last", "table: a") +
  entry("third", "table: a, wave: 3") +
  entry("broken", `${broken}, wave: 2`) +
  entry("chunks", `${chunks}, wave: 2`) +
  entry("first", "table: a, wave: 1");

interface Summary {
  readonly export_name: string;
  readonly status: string;
}

async function apply(bench: Bench, ...args: string[]) {
  const result = await bench.rivet("apply", "rivet.yaml", "--json", ...args);
  const exports: Summary[] = result.out === "" ? [] : JSON.parse(result.out).exports;
  return { ...result, statuses: exports.map((e) => `${e.export_name} ${e.status}`) };
}

async function campaign(body: (bench: Bench) => Promise<void>): Promise<void> {
  await onBench(async (bench) => {
    await bench.db.sql(TABLES);
    await bench.write("rivet.yaml", CONFIG);
    await body(bench);
  });
}

for (const flags of [[], ["--parallel-export-processes"]]) {
  Deno.test(`waves ascend; a failure stops neither its wave nor later ones; --resume ${flags}`, () =>
    campaign(async (bench) => {
      await bench.db.sql("INSERT INTO poison VALUES (0), (600)");
      const failed = await apply(bench, ...flags);
      equal(failed.code, 1, failed.err);
      deepEqual(failed.statuses, [
        "first success",
        "broken failed",
        "chunks failed",
        "third success",
        "last success",
      ]);
      match(failed.err, /2 of 5 exports failed/);
      await bench.db.sql("TRUNCATE poison");
      const done = (await bench.ids("out/chunks")).length;
      ok(done >= 500 && done < 1000, `${done}`);
      const resumed = await apply(bench, "--resume", ...flags);
      equal(resumed.code, 0, resumed.err);
      deepEqual(resumed.statuses, ["broken success", "chunks success"]);
      deepEqual(await bench.ids("out/chunks"), range(1, 1000), "no chunk twice");
      deepEqual(await bench.ids("out/first"), range(1, 100), "finished ones are left alone");
      const nothing = await apply(bench, "--resume", ...flags);
      equal(nothing.code, 1);
      match(nothing.err, /every export of .* is finished since .*\nhint: .*--force/);
      equal((await apply(bench, "--resume", "--force", ...flags)).statuses.length, 5);
    }));
}

Deno.test("--resume knows an apply that was killed, and refuses without one", () =>
  campaign(async (bench) => {
    const never = await apply(bench, "--resume");
    equal(never.code, 1);
    match(never.err, /was not applied before\nhint: Apply it without --resume/);
    const config = await Deno.readTextFile(bench.path("rivet.yaml"));
    // The second wave takes forever.
    await bench.write(
      "rivet.yaml",
      config.replace("mode: chunked,", "mode: chunked, tuning: {throttle_ms: 60000},"),
    );
    const process = bench.spawn("apply", "rivet.yaml");
    const written = () => bench.ids("out").catch((): number[] => []);
    await until("the first wave", async () => (await written()).length >= 300);
    process.kill("SIGKILL");
    await process.output();
    await bench.write("rivet.yaml", config);
    const resumed = await apply(bench, "--resume");
    equal(resumed.code, 0, resumed.err);
    deepEqual(resumed.statuses, ["chunks success", "third success", "last success"]);
    // A part that was put, and not yet recorded, is written again; the manifest names one of the two.
    deepEqual(await bench.committedIds("out/chunks"), range(1, 1000));
  }));

Deno.test("a config with no exports in any wave is a usage error that says what to do", () =>
  campaign(async (bench) => {
    await bench.write("rivet.yaml", CONFIG.replaceAll(/, wave: \d/g, ""));
    const result = await bench.rivet("apply", "rivet.yaml");
    equal(result.code, 2);
    match(result.err, /no export of .*rivet\.yaml has a wave\nhint: `rivet plan -c`/);
    ok(![...Deno.readDirSync(bench.folder)].some((e) => e.name === "out"));
    const one = await bench.rivet("apply", "rivet.yaml", "-e", "first");
    equal(one.code, 2);
    match(one.err, /rivet run -c rivet\.yaml -e first/);
  }));

Deno.test("plan, then apply: the pilot's steps 3 and 4", () =>
  campaign(async (bench) => {
    await bench.write("rivet.yaml", CONFIG.replaceAll(/, wave: \d/g, ""));
    succeeded(await bench.rivet("plan", "-c", "rivet.yaml"));
    const { code, statuses, err } = await apply(bench, "--parallel-export-processes");
    equal(code, 0, err);
    equal(statuses.length, 5);
  }));
