/**
 * Added columns, quality gates, shape and partitions through whole runs against PostgreSQL, their files
 * read by DuckDB.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { xxhash128 } from "hash-wasm";
import postgres from "postgres";
import { adapters } from "../../adapters/registry.ts";
import { loadConfig } from "../../core/config/load.ts";
import { configureLogging } from "../../core/base/log.ts";
import type { StateStore } from "../../core/ports/state.ts";
import { runExports } from "../../core/run/run.ts";
import type { ExportSummary } from "../../core/report/summary.ts";
import { startThread } from "../../core/workers/thread.ts";
import { WorkerClient } from "../../core/workers/worker_client.ts";
import { openState } from "../../state/open.ts";
import { queryDuckdb, readCsv } from "../support/readers.ts";

const URL_VARIABLE = "RIVET_TEST_POSTGRES_URL";
const ROWS = 1000;

function serverUrl(): string {
  const url = Deno.env.get(URL_VARIABLE);
  if (url) return url;
  throw new Error(`${URL_VARIABLE} is not set; \`deno task test\` starts a server and sets it`);
}

/** One folder and one table of 1,000 rows: NULL days, a repeated mail in the first and last chunk. */
class Place {
  readonly dir: string;
  readonly table = `stages_${crypto.randomUUID().replaceAll("-", "")}`;
  readonly sql = postgres(serverUrl(), { max: 1, onnotice: () => {} });
  readonly warnings: string[] = [];

  constructor(dir: string) {
    this.dir = dir;
  }

  async fill(): Promise<void> {
    await this.sql.unsafe(`
      CREATE TABLE ${this.table} (id int PRIMARY KEY, mail text, note text, at timestamptz);
      INSERT INTO ${this.table}
        SELECT i, CASE WHEN i = ${ROWS} THEN 'mail1' ELSE 'mail' || i END,
          CASE WHEN i % 4 = 0 THEN NULL WHEN i % 4 = 1 THEN '' ELSE 'n' || i END,
          CASE WHEN i % 10 = 0 THEN NULL ELSE '2026-01-30 20:00Z'::timestamptz + i * interval '6 min' END
        FROM generate_series(1, ${ROWS}) i`);
  }

  async run(
    settings: string,
    options: { resume?: boolean; path?: string } = {},
  ): Promise<ExportSummary> {
    const { resume = false, path = "out" } = options;
    const config = join(this.dir, "rivet.yaml");
    await Deno.writeTextFile(
      config,
      `source: {type: postgres, url: "${serverUrl()}", tls: {mode: disable}}
exports:
  - name: rows
    table: ${this.table}
    destination: {type: local, path: "${path}"}
${settings}`,
    );
    const loaded = await loadConfig(config, { params: new Map(), env: (n) => Deno.env.get(n) });
    configureLogging({
      level: "warn",
      sink: ({ text }) => this.warnings.push(text),
    });
    return await this.withState(async (state) => {
      const aggregate = await runExports({
        ...adapters,
        state,
        startWorker: () =>
          new WorkerClient(startThread(new URL("../../adapters/worker.ts", import.meta.url))),
      }, {
        config: loaded,
        exportName: null,
        parallelExports: false,
        validate: true,
        reconcile: false,
        resume,
        force: false,
        signal: new AbortController().signal,
        listener: { started: () => {}, progress: () => {}, finished: () => {} },
      });
      return aggregate.exports[0];
    });
  }

  async withState<T>(use: (state: StateStore) => Promise<T>): Promise<T> {
    const state = await openState({ dir: this.dir, env: () => undefined, warn: () => {} });
    try {
      return await use(state);
    } finally {
      await state.close();
    }
  }

  /** Over all Parquet files of a folder; `rows` is the relation. */
  query(select: string, folder = "out"): Promise<Record<string, unknown>[]> {
    return queryDuckdb(select.replaceAll(
      "ROWS",
      `read_parquet('${this.dir}/${folder}/**/*.parquet', hive_partitioning = false, filename = true)`,
    ));
  }

  exists(file: string): boolean {
    try {
      Deno.statSync(join(this.dir, file));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }
}

function test(name: string, work: (place: Place) => Promise<void>): void {
  Deno.test(`stages: ${name}`, async () => {
    const place = new Place(await Deno.makeTempDir({ prefix: "rivet-stages-" }));
    try {
      await place.fill();
      await work(place);
    } finally {
      await place.sql.unsafe(`DROP TABLE IF EXISTS ${place.table}`);
      await place.sql.end();
      await Deno.remove(place.dir, { recursive: true });
    }
  });
}

const CHUNKED = "    mode: chunked\n    chunk_size: 150\n    chunk_checkpoint: true\n";
const PARALLEL = `${CHUNKED}    parallel: 2\n`;

/** The hash of one row of the table by the documented form, put together by hand. */
async function expectedHash(id: number, mail: string, note: string | null): Promise<bigint> {
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(value);
    return `01${bytes.length.toString(16).padStart(2, "0")}000000${bytes.toHex()}`;
  };
  const int = new Uint8Array(8);
  new DataView(int.buffer).setBigInt64(0, BigInt(id), true);
  const form = `01${int.toHex()}${text(mail)}${note === null ? "00" : text(note)}`;
  const digest = await xxhash128(Uint8Array.fromHex(form));
  return BigInt.asIntN(64, BigInt(`0x${digest.slice(16)}`));
}

test("added columns are the same however the rows are read", async (place) => {
  const meta = "    meta_columns: {exported_at: true, row_hash: [id, mail, note]}\n";
  const before = Date.now();
  assert.equal((await place.run(meta, { path: "full" })).status, "success");
  assert.equal((await place.run(PARALLEL + meta, { path: "chunked" })).status, "success");
  const select = "SELECT id, mail, note, _rivet_row_hash AS hash FROM ROWS ORDER BY id";
  const full = await place.query(select, "full");
  assert.equal(full.length, ROWS);
  assert.deepEqual(await place.query(select, "chunked"), full);
  for (const { id, mail, note, hash } of [full[0], full[1], full[3], full[ROWS - 1]]) {
    assert.equal(hash, await expectedHash(Number(id), String(mail), note as string | null));
  }
  const [{ type, first, last }] = await place.query(
    "SELECT any_value(typeof(_rivet_exported_at)) AS type, " +
      "epoch_ms(min(_rivet_exported_at)) AS first, epoch_ms(max(_rivet_exported_at)) AS last FROM ROWS",
    "chunked",
  );
  assert.equal(type, "TIMESTAMP WITH TIME ZONE");
  assert.ok(before <= Number(first) && Number(last) <= Date.now());
  const manifest = JSON.parse(await Deno.readTextFile(join(place.dir, "full/manifest.json")));
  assert.deepEqual(manifest.columns.slice(-2), [
    { name: "_rivet_exported_at", type: "Timestamp(us, UTC)" },
    { name: "_rivet_row_hash", type: "Int64" },
  ]);
});

test("added columns reach CSV too", async (place) => {
  const settings = "    format: csv\n    meta_columns: {row_hash: [id, mail, note]}\n";
  assert.equal((await place.run(settings)).status, "success");
  const [file] = [...Deno.readDirSync(join(place.dir, "out"))]
    .filter(({ name }) => name.endsWith(".csv"));
  const { columns, rows } = await readCsv(join(place.dir, "out", file.name));
  assert.deepEqual(columns, ["id", "mail", "note", "at", "_rivet_row_hash"]);
  const first = rows.find(([id]) => id === "1");
  assert.equal(first?.[4], String(await expectedHash(1, "mail1", "")));
});

test("a gate finds what spans chunks and workers, and nothing is taken back", async (place) => {
  const summary = await place.run(
    `${PARALLEL}    quality: {row_count_max: 999, null_ratio_max: {note: 0.2, at: 0.1}, ` +
      "unique_columns: [id, mail]}\n",
  );
  assert.equal(summary.status, "failed");
  assert.equal(summary.error?.code, "QUALITY_FAILED");
  assert.deepEqual(summary.quality, [
    "row_count_max: 1000 rows, at most 999",
    "null_ratio_max: 'note' is NULL in 250 of 1000 rows, at most 0.2",
    "unique_columns: 'mail' repeats in 1 row",
  ]);
  assert.equal(place.exists("out/_SUCCESS"), false);
  const [{ count }] = await place.query("SELECT count(DISTINCT id) AS count FROM ROWS");
  assert.equal(count, BigInt(ROWS));
  await place.withState(async (state) => {
    assert.equal((await state.latestChunkRun("rows"))?.status, "completed");
    assert.equal(await state.schema("rows"), null);
  });
});

test("a run that failed its gates is not made good by --resume", async (place) => {
  const quality = "    quality: {unique_columns: [mail]}\n";
  const failed = await place.run(CHUNKED + quality);
  assert.equal(failed.error?.code, "QUALITY_FAILED");
  const resumed = await place.run(CHUNKED + quality, { resume: true });
  assert.equal(resumed.runId, failed.runId);
  assert.equal(resumed.error?.code, "QUALITY_FAILED");
  assert.equal(place.exists("out/_SUCCESS"), false);
  const fresh = await place.run(`${CHUNKED}    quality: {unique_columns: [id]}\n`);
  assert.equal(fresh.status, "success");
  assert.deepEqual(fresh.quality, []);
});

test("a check that is given up is told, and the run succeeds", async (place) => {
  const summary = await place.run(
    "    quality: {unique_columns: [id], unique_max_entries: 10}\n",
  );
  assert.equal(summary.status, "success");
  assert.equal(summary.quality.length, 1);
  assert.match(summary.quality[0], /^unique_columns: 'id' is undecided/);
  assert.ok(place.warnings.some((text) => text.includes("'id' is undecided")));
});

test("a failed gate leaves the incremental cursor where it was", async (place) => {
  const settings = "    mode: incremental\n    cursor_column: id\n";
  const failed = await place.run(`${settings}    quality: {row_count_min: 5000}\n`);
  assert.equal(failed.error?.code, "QUALITY_FAILED");
  const cursor = () => place.withState(async (state) => (await state.cursor("rows"))?.cursor);
  assert.equal(await cursor(), undefined);
  assert.equal((await place.run(`${settings}    quality: {row_count_min: 1000}\n`)).rows, ROWS);
  assert.equal(await cursor(), String(ROWS));
});

for (
  const [granularity, form, folders] of [
    ["day", "%Y-%m-%d", 6],
    ["month", "%Y-%m", 3],
    ["year", "%Y", 2],
  ] as const
) {
  test(`partitions by ${granularity} hold their rows and together all of them`, async (place) => {
    const summary = await place.run(
      `${PARALLEL}    partition_by: at\n    partition_granularity: ${granularity}\n`,
      { path: "out/{partition}" },
    );
    assert.equal(summary.status, "success", summary.error?.message);
    const rows = await place.query(
      `SELECT id, regexp_extract(filename, '/out/([^/]*)/', 1) AS folder, 'at_${granularity}=' || coalesce(
         strftime("at" AT TIME ZONE 'UTC', '${form}'), '__HIVE_DEFAULT_PARTITION__') AS expected
       FROM ROWS ORDER BY id`,
    );
    assert.deepEqual(rows.map(({ id }) => id), Array.from({ length: ROWS }, (_, i) => i + 1));
    for (const { folder, expected } of rows) assert.equal(folder, expected);
    assert.equal(new Set(rows.map(({ folder }) => folder)).size, folders);
    const manifest = JSON.parse(await Deno.readTextFile(join(place.dir, "out/manifest.json")));
    const sum = manifest.parts.reduce((n: number, part: { rows: number }) => n + part.rows, 0);
    assert.equal(sum, ROWS);
    assert.ok(
      manifest.parts.every(({ path }: { path: string }) => /^at_[a-z]+=[^/]+\/rows_/.test(path)),
    );
    assert.ok(place.exists("out/_SUCCESS"));
  });
}

test("a reader that takes columns from folders sees the stored times, and Hive's values beside them", async (place) => {
  await place.run("    partition_by: at\n    partition_granularity: month\n", {
    path: "out/{partition}",
  });
  // With DuckDB's defaults, which take columns from folders.
  const files = `read_parquet('${place.dir}/out/**/*.parquet')`;
  const months = await queryDuckdb(
    `SELECT at_month AS month, count(*)::INT AS rows FROM ${files} GROUP BY 1 ORDER BY 1 NULLS LAST`,
  );
  assert.deepEqual(months.map(({ month }) => month), ["2026-01", "2026-02", null]);
  assert.equal(months[2].rows, ROWS / 10);
  const read = await queryDuckdb(`SELECT epoch_us("at") AS us FROM ${files} ORDER BY id`);
  const stored = await place.sql.unsafe(
    `SELECT (extract(epoch FROM at) * 1000000)::bigint AS us FROM ${place.table} ORDER BY id`,
  );
  assert.deepEqual(
    read.map(({ us }) => us === null ? null : String(us)),
    stored.map(({ us }) => us === null ? null : String(us)),
  );
});

test("partition_name brings the documented folders back, with a warning", async (place) => {
  await place.run(
    "    partition_by: at\n    partition_name: at\n    partition_granularity: year\n",
    {
      path: "out/{partition}",
    },
  );
  const folders = [...Deno.readDirSync(join(place.dir, "out"))]
    .filter(({ isDirectory, name }) => isDirectory && name.includes("=")).map(({ name }) => name);
  assert.deepEqual(folders.sort(), ["at=2026", "at=__HIVE_DEFAULT_PARTITION__"]);
});

test("several parts of one partition are numbered apart", async (place) => {
  await place.sql.unsafe(`UPDATE ${place.table} SET note = repeat(md5(id::text), 10)`);
  const summary = await place.run(
    "    partition_by: at\n    partition_granularity: year\n    max_file_size: 64KB\n" +
      "    compression: none\n    tuning: {batch_size: 100}\n" +
      "    parquet: {row_group_strategy: fixed_rows, row_group_rows: 50}\n",
    { path: "out/{partition}" },
  );
  assert.equal(summary.status, "success", summary.error?.message);
  const folder = join(place.dir, "out/at_year=2026");
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name !== "_SUCCESS" && !name.startsWith("manifest"));
  assert.ok(names.length > 2, names.join());
  assert.ok(names.every((name) => /^rows_\d{8}_\d{6}_part\d+\.parquet$/.test(name)), names.join());
  const [{ count, ids }] = await place.query(
    "SELECT count(*) AS count, count(DISTINCT id) AS ids FROM ROWS",
  );
  assert.deepEqual([count, ids], [BigInt(ROWS), BigInt(ROWS)]);
});

test("settings that name no column are refused before anything is read", async (place) => {
  const summary = await place.run(
    "    meta_columns: {row_hash: [idd]}\n    quality: {unique_columns: [mial]}\n" +
      "    partition_by: note\n",
    { path: "out/{partition}" },
  );
  assert.equal(summary.status, "failed");
  assert.equal(summary.error?.code, "CONFIG_INVALID");
  assert.match(
    summary.error?.message ?? "",
    /row_hash: there is no column 'idd'; did you mean "id"\?\n.*'mial'; did you mean "mail"\?\n.*'note' is text/,
  );
  // The destination was asked whether it can be written to, which made its folder.
  const left = [...Deno.readDirSync(join(place.dir, "out"))].map(({ name }) => name);
  assert.deepEqual(left.filter((name) => name !== ".rivet-staging"), []);
});

test("a column that grew is told, and the run succeeds", async (place) => {
  assert.equal((await place.run("")).status, "success");
  const widths = () => place.withState(async (state) => (await state.schema("rows"))?.widths ?? {});
  const before = await widths();
  assert.equal(before.id, 4);
  assert.ok(before.mail > 6 && before.mail < 8);
  await place.sql.unsafe(`UPDATE ${place.table} SET mail = repeat(mail, 5), note = NULL`);
  const summary = await place.run("");
  assert.equal(summary.status, "success");
  const told = place.warnings.filter((text) => text.includes("the shape changed"));
  assert.equal(told.length, 1);
  assert.match(told[0], /mail: [\d.]+ -> [\d.]+ bytes per value/);
  const after = await widths();
  assert.equal(after.mail.toFixed(6), (before.mail * 5).toFixed(6));
  assert.equal(after.note, before.note, "a run without a value keeps what was known");
  place.warnings.length = 0;
  await place.run("    shape_drift_warn_factor: 10\n");
  assert.deepEqual(place.warnings, []);
});
