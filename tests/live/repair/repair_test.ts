/** Reconcile and repair through the command line, on a PostgreSQL server, rule by rule. */
import assert, { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import type { ReconcileReport } from "../../../core/reconcile/reconcile_report.ts";
import type { RepairResult } from "../../../core/repair/repair.ts";
import { openSqlite, STATE_FILE } from "../../../state/open.ts";
import { leased } from "../../support/lease.ts";
import { type Bench, failure, onBench, succeeded } from "./bench.ts";

/** Adds a row to chunk 1, deletes two of chunk 3, and leaves the counts of the others alone. */
const DRIFT = `INSERT INTO orders VALUES (701, 'new');
  DELETE FROM orders WHERE id IN (1600, 1602)`;
/** Changes a value of chunk 5 and, in chunk 6, swaps a row for another one. */
const SILENT_DRIFT = `UPDATE orders SET value = 'changed' WHERE id = 2800;
  DELETE FROM orders WHERE id = 3100; INSERT INTO orders VALUES (3101, 'swapped')`;

function statuses(report: ReconcileReport): string[] {
  return report.partitions.map((p) => p.status);
}

function differing(report: ReconcileReport): [string, string | null][] {
  return report.partitions.filter((p) => p.status !== "match").map((p) => [p.identifier, p.note]);
}

async function boundaries({ rivet }: Bench): Promise<Record<string, unknown>> {
  const { out } = succeeded(await rivet("state", "progression", "--json"));
  const [{ committed_value, committed_at, verified_value }] = JSON.parse(out).progression;
  return { committed_value, committed_at, verified_value };
}

async function fileNames({ out }: Bench): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(out), (entry) => entry.name);
  return names.filter((name) => name.endsWith(".csv")).sort();
}

interface Metric {
  readonly run_id: string;
  readonly status: string;
}

async function metrics({ rivet }: Bench): Promise<Metric[]> {
  const json = JSON.parse(succeeded(await rivet("metrics", "--json")).out);
  return Array.isArray(json) ? json : json.metrics;
}

/** I4: how the last run ended, by its metric, its journal and its report. */
async function verdicts(b: Bench): Promise<string[]> {
  const [{ run_id: runId, status }] = await metrics(b);
  const json = JSON.parse(succeeded(await b.rivet("journal", "-e", "orders", "--json")).out);
  const [{ events }] = Array.isArray(json) ? json : json.runs;
  const summary = join(b.folder, ".rivet", "runs", runId, "summary.json");
  const report = JSON.parse(await Deno.readTextFile(summary));
  return [status, events.at(-1).data.status, report.status];
}

const repair = async ({ rivet }: Bench, ...args: string[]): Promise<RepairResult> =>
  JSON.parse(succeeded(await rivet("repair", "-e", "orders", "--format", "json", ...args)).out);

Deno.test("RC2, RC3, RC6, RR1 to RR5, PG2, PG5: drift is found, repaired, verified", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run", "-e", "orders"));
    const committed = await boundaries(b);
    deepEqual([committed.committed_value, committed.verified_value], ["7", null]);
    deepEqual(statuses(await b.reconcile()), Array(8).fill("match"));
    equal((await boundaries(b)).verified_value, "7");
    const before = await fileNames(b);
    const bodies = await Promise.all(before.map((f) => Deno.readTextFile(join(b.out, f))));

    await b.database.sql(DRIFT);
    const report = await b.reconcile("-o", "reconcile.json");
    deepEqual(differing(report), [["chunk 1 [502..1001]", "diff +1"], [
      "chunk 3 [1502..2001]",
      "diff -2",
    ]]);
    const text = await Deno.readTextFile(join(b.folder, "reconcile.json"));
    deepEqual(JSON.parse(text), report);

    // RR2: a plan and nothing else.
    const dry = await repair(b, "--report", "reconcile.json", "-o", "plan.json");
    deepEqual(Object.keys(dry), [
      "rivet_version",
      "export_name",
      "reconcile_run_id",
      "strategy",
      "actions",
      "skipped",
    ]);
    deepEqual(dry.actions.map((a) => a.chunk_index), [1, 3]);
    deepEqual(JSON.parse(await Deno.readTextFile(join(b.folder, "plan.json"))), dry);
    deepEqual(await fileNames(b), before);

    const done = await repair(b, "--report", "reconcile.json", "--execute");
    equal(done.execution?.status, "success");
    deepEqual(
      done.execution?.chunks.map((c) => [c.chunk_index, c.rows_before, c.rows]),
      [[1, 250, 251], [3, 250, 248]],
    );
    // RR5: the old files are what they were, the new ones beside them.
    deepEqual(await Promise.all(before.map((f) => Deno.readTextFile(join(b.out, f)))), bodies);
    const added = (await fileNames(b)).filter((name) => !before.includes(name));
    deepEqual(added.map((name) => /_chunk(\d)_[0-9a-f]{8}\.csv$/.exec(name)?.[1]), ["1", "3"]);

    // No row twice for who follows the manifest, and the superseded parts are named.
    const manifest = await b.manifest();
    deepEqual(await b.exported(), await b.source());
    deepEqual(
      manifest.parts.map((p) => [p.chunk_index, p.status]).filter(([, s]) => s !== "committed"),
      [[1, "superseded"], [3, "superseded"]],
    );
    const verdict = succeeded(await b.rivet("validate"));
    match(verdict.out, /8 verified: 8 size only; 2 superseded/);

    // RR4: repair is no commitment, and only a reconcile verifies.
    const after = await boundaries(b);
    deepEqual(after, { ...committed, verified_value: "7" });
    deepEqual(statuses(await b.reconcile()), Array(8).fill("match"));
    deepEqual(await boundaries(b), after);
    const clean = await repair(b, "--execute");
    deepEqual([clean.actions, clean.execution], [[], undefined]);
  }));

Deno.test("PG5: a dirty report leaves verified where it was", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run", "-e", "orders"));
    await b.database.sql(DRIFT);
    await b.reconcile();
    equal((await boundaries(b)).verified_value, null);
  }));

Deno.test("checksum: a changed value and a swapped row are found, and repaired", () =>
  onBench(async (b) => {
    await b.configure("reconcile: checksum", "parallel: 2");
    succeeded(await b.rivet("run", "-e", "orders"));
    deepEqual(statuses(await b.reconcile()), Array(8).fill("match"));
    await b.database.sql(SILENT_DRIFT);
    deepEqual(differing(await b.reconcile()).map(([id]) => id), [
      "chunk 5 [2502..3001]",
      "chunk 6 [3002..3501]",
    ]);
    // Counts alone see nothing.
    await b.configure();
    deepEqual(statuses(await b.reconcile()), Array(8).fill("match"));
    deepEqual(differing(await b.reconcile("--checksum")).length, 2);
    await b.configure("reconcile: checksum", "parallel: 2");
    const done = await repair(b, "--execute");
    deepEqual(done.execution?.chunks.map((c) => c.chunk_index), [5, 6]);
    deepEqual(await b.exported(), await b.source());
    deepEqual(statuses(await b.reconcile()), Array(8).fill("match"));
  }));

Deno.test("checksum: chunks of a run that kept none are unknown, and a repair gives them one", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run", "-e", "orders"));
    const result = await b.rivet("reconcile", "-e", "orders", "--checksum");
    succeeded(result);
    match(result.out, /unknown: {5}8/);
    match(result.out, /without a checksum; set reconcile: checksum/);
    match(result.err, /8 of 8 chunks are unknown/);
    const report = await b.reconcile("--checksum", "-o", "r.json");
    equal(report.summary.unknown, 8);
    equal((await boundaries(b)).verified_value, null);
    await repair(b, "--report", "r.json", "--execute");
    deepEqual(statuses(await b.reconcile("--checksum")), Array(8).fill("match"));
    deepEqual(await b.exported(), await b.source());
  }));

Deno.test("reconcile: checksum asks about every chunk once, beside the read where there is room", () =>
  onBench(async (b) => {
    for (const [limit, beside] of [[8, true], [1, false]] as const) {
      await b.configure("reconcile: checksum");
      const config = join(b.folder, "rivet.yaml");
      const yaml = await Deno.readTextFile(config);
      await Deno.writeTextFile(
        config,
        yaml.replace(/^source:.*$/m, `$&\n  max_connections: ${limit}`),
      );
      const { err, out } = succeeded(await b.rivet("run", "-vv"));
      match(out, /reconciled: +pass/);
      equal(err.match(/hashint4extended\(0, /g)?.length, 8);
      equal(err.includes("rivet/reconcile: connected to"), beside);
    }
  }));

Deno.test("reconcile: checksum fails a run whose rows changed while it read", () =>
  onBench(async (b) => {
    // Every read of the row gives another value.
    await b.database.sql("CREATE SEQUENCE seen");
    await b.configure(
      "reconcile: checksum",
      `query: "SELECT id, CASE WHEN id = 1200 THEN nextval('seen')::text END AS value FROM orders"`,
    );
    // A read-only transaction may not call nextval: the run must say so, not export.
    equal(failure(await b.rivet("run", "--json-errors"), 1).code.startsWith("SOURCE_"), true);
    await b.configure(
      "reconcile: checksum",
      `query: "SELECT id, CASE WHEN id = 1200 THEN clock_timestamp()::text END AS value FROM orders"`,
    );
    const { code, error } = failure(await b.rivet("run", "--json-errors"), 1);
    equal(code, "RECONCILE_MISMATCH");
    match(
      error,
      /1 of 8 chunks differ from the source: chunk 2 \[1002\.\.1501\]: checksum differs/,
    );
  }));

Deno.test("a chunk that lost all its rows, NULL keys, keysets, and days are repaired alike", async (t) => {
  const shapes: Record<string, { fields: string[]; setup: string; drift: string; chunks: number }> =
    {
      "range with NULL keys": {
        fields: [
          `query: "SELECT id, value, key FROM keyed"`,
          "chunk_column: key",
          "chunk_size: 100",
        ],
        setup: "CREATE TABLE keyed AS SELECT i AS id, 'v' AS value, NULLIF(i % 300, 0) AS key " +
          "FROM generate_series(1, 900) i",
        drift: "DELETE FROM keyed WHERE key IS NULL",
        chunks: 1,
      },
      "chunk_by_key over text": {
        fields: [
          "query:",
          "table: keyed",
          "chunk_column:",
          "chunk_by_key: code",
          "chunk_size: 100",
        ],
        setup: "CREATE TABLE keyed AS SELECT i AS id, 'v' AS value, 'k''..[' || i AS code " +
          "FROM generate_series(1, 900) i; ALTER TABLE keyed ADD PRIMARY KEY (code)",
        drift: "DELETE FROM keyed WHERE code = 'k''..[450'",
        chunks: 1,
      },
      "chunk_by_days": {
        fields: [
          `query: "SELECT id, value, day FROM keyed"`,
          "chunk_column: day",
          "chunk_size:",
          "chunk_by_days: 7",
        ],
        setup: "CREATE TABLE keyed AS SELECT i AS id, 'v' AS value, " +
          "timestamptz '2026-01-01 12:00+00' + i * interval '1 hour' AS day FROM generate_series(1, 900) i",
        drift: "DELETE FROM keyed WHERE day >= '2026-01-15' AND day < '2026-01-22'",
        chunks: 1,
      },
      "chunk_dense": {
        fields: [`query: "SELECT id, value FROM keyed"`, "chunk_dense: true", "chunk_size: 300"],
        setup:
          "CREATE TABLE keyed AS SELECT i * 7 AS id, 'v' AS value FROM generate_series(1, 900) i",
        drift: "UPDATE keyed SET value = 'w' WHERE id = 7 * 400",
        chunks: 1,
      },
    };
  for (const [name, { fields, setup, drift, chunks }] of Object.entries(shapes)) {
    await t.step(name, () =>
      onBench(async (b) => {
        await b.database.sql(setup);
        await b.configure("reconcile: checksum", ...fields);
        succeeded(await b.rivet("run"));
        equal((await b.reconcile()).summary.mismatches, 0);
        await b.database.sql(drift);
        const { summary } = await b.reconcile();
        deepEqual([summary.mismatches, summary.unknown], [chunks, 0]);
        const done = await repair(b, "--execute");
        equal(done.execution?.chunks.length, chunks);
        const { summary: after } = await b.reconcile();
        deepEqual([after.mismatches, after.unknown], [0, 0]);
        const [[rows]] = await b.database.sql("SELECT count(*) FROM keyed");
        equal((await b.exported()).length, Number(rows));
        succeeded(await b.rivet("validate"));
      }));
  }
});

Deno.test("a repair that empties the whole run says so in the manifest, skip_empty or not", () =>
  onBench(async (b) => {
    await b.configure("skip_empty: true");
    succeeded(await b.rivet("run"));
    await b.database.sql("DELETE FROM orders");
    const done = await repair(b, "--execute");
    deepEqual([done.execution?.status, done.execution?.row_count], ["success", 0]);
    const manifest = await b.manifest();
    deepEqual([manifest.row_count, manifest.part_count, manifest.parts.length], [0, 0, 8]);
    succeeded(await b.rivet("validate"));
  }));

Deno.test("a chunk that cannot be read fails the repair; what was repaired stays repaired", () =>
  onBench(async (b) => {
    await b.configure(
      `query: "SELECT id, (1 / CASE WHEN value = 'poison' THEN 0 ELSE 1 END)::text AS value FROM orders"`,
    );
    succeeded(await b.rivet("run"));
    await b.database.sql("DELETE FROM orders WHERE id IN (2, 4000)");
    const report = await b.reconcile("-o", "r.json");
    deepEqual(differing(report).map(([id]) => id), ["chunk 0 [2..501]", "chunk 7 [3502..4000]"]);
    await b.database.sql("UPDATE orders SET value = 'poison' WHERE id = 3900");
    const args = ["repair", "-e", "orders", "--report", "r.json", "--execute", "--json-errors"];
    const { error } = failure(await b.rivet(...args), 1);
    match(error, /1 of 2 chunks were repaired: .*division by zero/);
    const manifest = await b.manifest();
    deepEqual([manifest.status, manifest.row_count], ["success", 1999]);
    succeeded(await b.rivet("validate"));
    deepEqual(await verdicts(b), ["failed", "failed", "failed"]);
    // With the first chunk there is nothing that could count, and the failure is said all the same.
    const before = await Deno.readTextFile(join(b.out, "manifest.json"));
    const nothing = failure(
      await b.rivet("repair", "-e", "orders", "--execute", "--json-errors"),
      1,
    );
    match(nothing.error, /0 of 1 chunks were repaired: .*division by zero/);
    equal(await Deno.readTextFile(join(b.out, "manifest.json")), before);
    deepEqual(await verdicts(b), ["failed", "failed", "failed"]);
    equal((await metrics(b)).length, 3);
    await b.database.sql("UPDATE orders SET value = 'x' WHERE id = 3900");
    deepEqual((await repair(b, "--execute")).execution?.chunks.map((c) => c.chunk_index), [7]);
    equal((await b.manifest()).row_count, 1998);
    deepEqual(await verdicts(b), ["success", "success", "success"]);
  }));

Deno.test("a resumed run and a repaired one meet: --resume --force keeps what was repaired", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run"));
    await b.database.sql(DRIFT);
    await repair(b, "--execute");
    await Deno.remove(join(b.out, (await fileNames(b))[0]));
    succeeded(await b.rivet("run", "--resume", "--force", "--validate"));
    deepEqual(await b.exported(), await b.source());
    match(succeeded(await b.rivet("validate")).out, /2 superseded/);
  }));

Deno.test("bad input: a message that names the remedy, the right exit code, nothing written", () =>
  onBench(async (b) => {
    const reconcile = ["reconcile", "-e", "orders", "--json-errors"];
    const repairWith = (...args: string[]) => ["repair", "-e", "orders", "--json-errors", ...args];
    // RC1: no run yet.
    const none = failure(await b.rivet(...reconcile), 1);
    equal(none.code, "CHECKPOINT_MISSING");
    match(none.hint ?? "", /rivet run/);
    succeeded(await b.rivet("run"));
    await b.database.sql(DRIFT);
    const report = await b.reconcile();
    const write = (name: string, text: string) => Deno.writeTextFile(join(b.folder, name), text);
    await write("other.json", JSON.stringify({ ...report, export_name: "items" }));
    await write("old.json", JSON.stringify({ ...report, run_id: "orders_20250101T000000.000" }));
    await write("text.json", "no report");
    const before = await fileNames(b);
    const cases: [string[], number, string, RegExp][] = [
      [repairWith("--report", "other.json", "--execute"), 2, "USAGE", /of export 'items'/],
      [repairWith("--report", "old.json", "--execute"), 1, "CHECKPOINT_MISMATCH", /latest run/],
      [repairWith("--report", "text.json"), 2, "USAGE", /not JSON/],
      [repairWith("--report", "nowhere.json"), 2, "USAGE", /no such file/],
      [["reconcile", "-e", "ordres", "--json-errors"], 2, "USAGE", /ordres/],
    ];
    for (const [args, exit, code, message] of cases) {
      const found = failure(await b.rivet(...args), exit);
      equal(found.code, code, args.join(" "));
      match(found.error, message);
      assert.ok((found.hint ?? "").length > 0, args.join(" "));
    }
    // RC4, RR7: another mode.
    await b.configure("mode: full");
    equal(failure(await b.rivet(...reconcile), 2).code, "CONFIG_INVALID");
    equal(failure(await b.rivet(...repairWith("--execute")), 2).code, "CONFIG_INVALID");
    // RR3: other rows, or another place, than the run's.
    await b.configure(`query: "SELECT id, value FROM orders WHERE id > 5"`);
    equal(failure(await b.rivet(...reconcile), 1).code, "CHECKPOINT_MISMATCH");
    equal(failure(await b.rivet(...repairWith("--execute")), 1).code, "CHECKPOINT_MISMATCH");
    await b.configure("destination: { type: local, path: ./elsewhere }");
    match(failure(await b.rivet(...repairWith("--execute")), 1).error, /elsewhere/);
    await b.configure("format: parquet");
    match(failure(await b.rivet(...repairWith("--execute")), 1).error, /wrote csv/);
    deepEqual(await fileNames(b), before);
  }));

Deno.test("RR6: a hand-made identifier is skipped with a WARN, the others are repaired", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run"));
    await b.database.sql(DRIFT);
    const report = await b.reconcile();
    const edited = report.partitions.map((p) =>
      p.identifier.startsWith("chunk 1 ") ? { ...p, identifier: "chunk one [502..1001]" } : p
    );
    await Deno.writeTextFile(
      join(b.folder, "r.json"),
      JSON.stringify({ ...report, partitions: edited }),
    );
    const result = await b.rivet("repair", "-e", "orders", "--report", "r.json", "--execute");
    match(succeeded(result).err, /WARN .*'chunk one \[502\.\.1001\]' is skipped/);
    deepEqual(differing(await b.reconcile()).map(([id]) => id), ["chunk 1 [502..1001]"]);
  }));

Deno.test("an unfinished run: open chunks are unknown, planned, and left to --resume", () =>
  onBench(async (b) => {
    const killed = await b.victim("state.completeChunkTask", "3", "after");
    equal(killed.signal, "SIGKILL");
    const report = await b.reconcile();
    equal(report.summary.matches >= 2 && report.summary.unknown >= 4, true);
    match(differing(report)[0][1] ?? "", /never completed: the chunk is (pending|running)/);
    const planned = await repair(b);
    equal(planned.actions.length, report.summary.unknown);
    const args = ["repair", "-e", "orders", "--execute", "--json-errors"];
    const refused = failure(await b.rivet(...args), 1);
    equal(refused.code, "CHECKPOINT_OPEN");
    match(refused.hint ?? "", /--resume/);
    succeeded(await b.rivet("run", "--resume"));
    deepEqual(statuses(await b.reconcile()), Array(8).fill("match"));
    deepEqual(await b.exported(), await b.source());
  }));

Deno.test("PG7: the progression is advice: nothing that reads it minds what it says", () =>
  onBench(async (b) => {
    succeeded(await b.rivet("run"));
    const state = await openSqlite(join(b.folder, STATE_FILE));
    const at = new Date().toISOString();
    const wrong = { exportName: "orders", strategy: "chunked", runId: "x", at } as const;
    const own = await leased(state);
    await own.commitProgress({ ...wrong, value: "99999" });
    await own.verifyProgress({ ...wrong, value: "99999" });
    await own.release();
    await state.close();
    await b.database.sql(DRIFT);
    equal((await b.reconcile()).summary.mismatches, 2);
    await repair(b, "--execute");
    deepEqual(statuses(await b.reconcile()), Array(8).fill("match"));
    succeeded(await b.rivet("run"));
    deepEqual(await b.exported(), await b.source());
    equal((await boundaries(b)).committed_value, "7");
  }));
