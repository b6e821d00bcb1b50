/** Delta tables of whole runs, as their log and DuckDB's reader of the files that it names have them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { RivetError } from "../../../core/base/errors.ts";
import type { TableFormat } from "../../../core/ports/table_format.ts";
import type { RunDeps } from "../../../core/run/context.ts";
import { deltaRows, readDelta, readDeltaFolder } from "../../support/read_delta.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { S3_ENV, startS3 } from "../../support/s3.ts";
import { Lake } from "./harness.ts";

const DELTA = "table_format: {type: delta}";
const ROWS = "CREATE TABLE rows (id int PRIMARY KEY, v text, at timestamptz NOT NULL);" +
  "INSERT INTO rows SELECT i, 'v' || i, timestamptz '2026-01-30 00:00Z' + i * interval '1 hour' " +
  "FROM generate_series(1, 100) i";

async function ids(dir: string): Promise<number[]> {
  return (await deltaRows(dir, "id")).map(({ id }) => Number(id)).sort((a, b) => a - b);
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

Deno.test("a full run replaces the table's rows, and says which version it became", () =>
  Lake.with(ROWS, async (lake) => {
    await lake.configure(`table: rows, ${DELTA}`);
    await lake.run();
    await lake.database.sql("DELETE FROM rows WHERE id > 40");
    await lake.run();
    assert.deepEqual(await ids(lake.out), upTo(40));
    const { commits, files } = await readDeltaFolder(lake.out);
    assert.equal(commits.length, 2);
    assert.equal(files.size, 1);
    const { table, table_commit, parts } = await lake.manifest();
    assert.deepEqual(table, { type: "delta", version: "1" });
    assert.equal(table_commit, undefined);
    assert.ok(!JSON.stringify(parts).includes("statistics"));
  }));

Deno.test("incremental runs add their rows, each to its partition, and history keeps the versions", () =>
  Lake.with(ROWS, async (lake) => {
    await lake.configure(
      "table: rows, mode: incremental, cursor_column: id, " +
        "table_format: {type: delta, partition_by: [{column: at, transform: day}]}",
    );
    await lake.run();
    await lake.run();
    await lake.database.sql(
      "INSERT INTO rows SELECT i, 'w', '2026-03-01' FROM generate_series(101, 120) i",
    );
    await lake.run();
    assert.deepEqual(await ids(lake.out), upTo(120));
    const { commits, files, metaData } = await readDeltaFolder(lake.out);
    assert.equal(commits.length, 2, "a run without rows makes no version");
    assert.deepEqual(metaData.partitionColumns, ["at_day"]);
    const march = [...files.values()].filter(({ partitionValues }) =>
      JSON.stringify(partitionValues) === '{"at_day":"2026-03-01"}'
    );
    assert.deepEqual(march.map(({ stats }) => JSON.parse(String(stats)).numRecords), [20]);
  }));

Deno.test("rows lie by the values of several columns, whatever characters they have", () =>
  Lake.with(
    "CREATE TABLE rows (id int PRIMARY KEY, country text, n smallint, day date);" +
      "INSERT INTO rows VALUES (1, 'CZ', 1, '2026-01-31'), (2, 'a/b=%?*', -1, NULL), " +
      "(3, NULL, NULL, '0001-01-01'), (4, '__HIVE_DEFAULT_PARTITION__', 1, '9999-12-31'), " +
      "(5, E' ž\u{1f600}\n.', 0, '2026-01-31'), (6, repeat('x', 200), 2, NULL)",
    async (lake) => {
      const by = (columns: string) =>
        `table: rows, table_format: {type: delta, partition_by: [${columns}]}`;
      await lake.configure(by("{column: country}, {column: n}, {column: day}"));
      await lake.run();
      await lake.run();
      const { files, metaData } = await readDeltaFolder(lake.out);
      assert.deepEqual(metaData.partitionColumns, ["country", "n", "day"]);
      const found = [...files].map(([path, { partitionValues, stats }]) => ({
        path,
        partitionValues,
        stats,
      }));
      const of = async (path: string) =>
        await queryDuckdb(
          `SELECT id, country, n, day::text AS day FROM read_parquet('${
            join(lake.out, path)
          }', hive_partitioning = false)`,
        );
      const ids = [];
      for (const { path, partitionValues, stats } of found) {
        const [{ id, ...row }, ...more] = await of(path);
        ids.push(id);
        assert.equal(more.length, 0);
        const text = Object.entries(row).map(([name, value]) => [
          name,
          value === null ? null : String(value),
        ]);
        assert.deepEqual(partitionValues, Object.fromEntries(text));
        assert.deepEqual(JSON.parse(String(stats)).nullCount, { id: 0 });
      }
      assert.deepEqual(ids.sort(), [1, 2, 3, 4, 5, 6]);
      await lake.database.sql("INSERT INTO rows VALUES (7, '', 0, NULL)");
      const { error } = await lake.tryRun();
      assert.equal(error?.code, "VALUE_OUT_OF_RANGE");
      assert.match(error?.message ?? "", /empty, which/);
      await lake.database.sql("UPDATE rows SET country = repeat('é', 200) WHERE id = 7");
      await lake.run();
      const long = [...(await readDeltaFolder(lake.out)).files.values()].map((file) =>
        (file.partitionValues as Record<string, string | null>).country
      );
      assert.ok(long.includes("é".repeat(200)));
      await lake.database.sql("DELETE FROM rows WHERE id = 7");
      await lake.database.sql("ALTER TABLE rows ADD COLUMN f float8");
      await lake.configure(by("{column: f}"), "{type: local, path: ./other}");
      assert.match(
        (await lake.tryRun()).error?.message ?? "",
        /'f' is .* no partitions of a Delta/,
      );
    },
  ));

Deno.test("no new table begins behind a cursor: one that is gone, or files that become one", () =>
  Lake.with(ROWS, async (lake) => {
    const fields = "table: rows, mode: incremental, cursor_column: id";
    await lake.configure(`${fields}, format: parquet`);
    await lake.run();
    await lake.configure(`${fields}, ${DELTA}`);
    await lake.database.sql("INSERT INTO rows VALUES (101, 'w', now())");
    const refused = async () => {
      const { error, files } = await lake.tryRun();
      assert.deepEqual([error?.code, files], ["TABLE_MISSING", 0]);
      assert.match(error?.message ?? "", /rows up to '100' were exported before/);
    };
    await refused();
    await lake.database.sql("DELETE FROM rows WHERE id = 101");
    await lake.configure(`${fields}, ${DELTA}`, "{type: local, path: ./other}");
    await refused();
    await lake.withState((state) => state.resetCursor("rows"));
    await lake.run();
    await Deno.remove(join(lake.dir, "other/_delta_log"), { recursive: true });
    await lake.database.sql("INSERT INTO rows VALUES (101, 'w', now())");
    await refused();
    // Where somebody has set it, it is where the table is to begin.
    await lake.withState((state) =>
      state.saveCursor({
        exportName: "rows",
        cursor: "90",
        runId: "by hand",
        updatedAt: new Date(0).toISOString(),
      })
    );
    assert.equal((await lake.run()).rows, 11);
    assert.deepEqual(await ids(join(lake.dir, "other")), upTo(101).slice(90));
  }));

const TYPES =
  `CREATE TABLE rows (id int PRIMARY KEY, u uuid, t time, n numeric(40,2), d numeric(38,10),
  b bigint, f double precision, ts timestamp, tz timestamptz, day date, j jsonb, bin bytea, l int[], ok bool);
  INSERT INTO rows VALUES
  (1, gen_random_uuid(), '23:59:59.999999', 1.5, -9999999999999999999999999999.9999999999,
   -9223372036854775808, 'NaN', '1969-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00',
   '0001-01-01', '{"a": "é"}', '\\x00ff', '{1,NULL}', true),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`;

Deno.test("types without an equal are refused before a row is read, and map by an override", () =>
  Lake.with(TYPES, async (lake) => {
    await lake.configure(`table: rows, ${DELTA}`);
    const { error, files } = await lake.tryRun();
    assert.equal(error?.code, "TYPE_UNSUPPORTED");
    assert.match(error?.message ?? "", /"u" \(uuid\).*"t" \(time\).*"n" \(decimal\(40,2\)\)/);
    assert.equal(files, 0);
    await lake.configure(`table: rows, ${DELTA}, columns: {u: text, t: text, n: text}`);
    await lake.run();
    const { fields, files: live } = await readDeltaFolder(lake.out);
    const types = fields.map(({ type }) => typeof type === "string" ? type : "array");
    assert.deepEqual(types, [
      ...["integer", "string", "string", "string", "decimal(38,10)", "long", "double"],
      ...["timestamp_ntz", "timestamp", "date", "string", "binary", "array", "boolean"],
    ]);
    const [add] = [...live.values()];
    const { minValues, maxValues, nullCount } = JSON.parse(String(add.stats));
    assert.equal(minValues.ts, "1969-12-31T23:59:59.999");
    assert.equal(maxValues.ts, "1970-01-01T00:00:00.000");
    assert.equal(maxValues.tz, undefined, "rounded up, it is in a year that not all readers parse");
    assert.equal(minValues.day, "0001-01-01");
    assert.match(String(add.stats), /"d":-9999999999999999999999999999\.9999999999/);
    assert.deepEqual([nullCount.id, nullCount.u, nullCount.f], [0, 1, 1]);
  }));

const CHUNKED = `table: rows, mode: chunked, chunk_size: 25, chunk_checkpoint: true, ${DELTA}`;

Deno.test("a repair replaces the files of its chunks in one commit", () =>
  Lake.with(ROWS, async (lake) => {
    await lake.configure(CHUNKED);
    await lake.run();
    await lake.database.sql("DELETE FROM rows WHERE id IN (30, 80)");
    await lake.repair();
    assert.deepEqual(await ids(lake.out), upTo(100).filter((id) => id !== 30 && id !== 80));
    const { commits, files } = await readDeltaFolder(lake.out);
    const kinds = commits[1].flatMap((action) => Object.keys(action)).sort();
    assert.deepEqual(kinds, ["add", "add", "commitInfo", "remove", "remove", "txn"]);
    assert.equal(files.size, 4);
    await lake.database.sql("DELETE FROM rows WHERE id = 31");
    await lake.repair();
    assert.equal((await ids(lake.out)).length, 97);
  }));

Deno.test("a run that begins with another state comes after what is in the table", () =>
  Lake.with(ROWS, async (lake) => {
    await lake.configure(`table: rows, ${DELTA}`);
    await lake.run();
    await lake.run();
    for await (const { name } of Deno.readDir(lake.dir)) {
      if (name.startsWith(".rivet_state")) await Deno.remove(`${lake.dir}/${name}`);
    }
    for await (const { name, isFile } of Deno.readDir(lake.out)) {
      if (isFile && !name.endsWith(".parquet")) await Deno.remove(`${lake.out}/${name}`);
    }
    await lake.database.sql("DELETE FROM rows WHERE id > 7");
    await lake.run();
    assert.deepEqual(await ids(lake.out), upTo(7));
    assert.deepEqual((await readDeltaFolder(lake.out)).txns, { "rivet:rows": 3 });
  }));

Deno.test("validate compares the table with the run's manifest", () =>
  Lake.with(ROWS, async (lake) => {
    await lake.configure(`table: rows, ${DELTA}`);
    await lake.run();
    await lake.run();
    assert.deepEqual(await lake.validate(), { codes: [], warnings: [] });
    const log = (version: number) =>
      join(lake.out, `_delta_log/${String(version).padStart(20, "0")}.json`);
    const [path] = (await readDeltaFolder(lake.out)).files.keys();
    const remove = { path, dataChange: true, extendedFileMetadata: false };
    await Deno.writeTextFile(log(2), `${JSON.stringify({ remove })}\n`);
    const { codes, warnings } = await lake.validate();
    assert.deepEqual(codes, []);
    assert.match(warnings.join(), /version 2 of the table is another writer's, .*\.parquet/);
    await Deno.remove(log(2));
    await Deno.remove(log(1));
    assert.deepEqual((await lake.validate()).codes, ["table_lacks_run"]);
    await Deno.remove(log(0));
    assert.deepEqual((await lake.validate()).codes, ["table_missing"]);
  }));

/** Commits that nobody answers, and that were not made. */
function unanswered(deps: RunDeps): RunDeps {
  const table = async (type: string): Promise<TableFormat> => {
    const format = await deps.table(type);
    return {
      ...format,
      open: async (place) =>
        new Proxy(await format.open(place), {
          get(target, key) {
            if (key === "commit") {
              const error = new RivetError("DESTINATION_UNREACHABLE", "no answer", {
                category: "network",
              });
              return () => Promise.reject(error);
            }
            const value = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        }),
    };
  };
  return { ...deps, table };
}

Deno.test("a commit without an answer stays open: the next run makes it, or reads what it cannot make", () =>
  Lake.with(ROWS, async (lake) => {
    await lake.configure(`table: rows, mode: incremental, cursor_column: id, ${DELTA}`);
    assert.equal((await lake.tryRun({}, unanswered)).error?.code, "DESTINATION_UNREACHABLE");
    assert.deepEqual(await ids(lake.out), []);
    assert.equal((await lake.run()).rows, 0, "its rows are not read again");
    assert.deepEqual(await ids(lake.out), upTo(100));
    await lake.database.sql(
      "INSERT INTO rows SELECT i, 'w', now() FROM generate_series(101, 110) i",
    );
    const { runId } = await lake.tryRun({}, unanswered);
    const prepared = await Deno.readTextFile(join(lake.out, `manifest-${runId}.json`));
    const txn = { appId: "rivet:rows", version: JSON.parse(prepared).sequence, lastUpdated: 0 };
    const foreign = join(lake.out, `_delta_log/${"1".padStart(20, "0")}.json`);
    await Deno.writeTextFile(foreign, `${JSON.stringify({ txn })}\n`);
    assert.equal((await lake.run()).rows, 10, "its number is another run's by now");
    assert.deepEqual(await ids(lake.out), upTo(110));
  }));

Deno.test("S3: a store that heeds conditions has tables, one that ignores them is refused", () =>
  Lake.with(ROWS, async (lake) => {
    for (const [name, value] of Object.entries(S3_ENV)) Deno.env.set(name, value);
    for (const conditions of ["heeded", "ignored"] as const) {
      const server = await startS3(conditions);
      try {
        await lake.configure(
          `table: rows, ${DELTA}`,
          `{type: s3, bucket: exports, prefix: lake/, endpoint: "${server.endpoint}", ` +
            "access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET}",
        );
        const { status, error } = await lake.tryRun();
        const place = await server.open("lake/");
        const { commits, files } = await readDelta(async (key) => {
          const bytes = await place.read(key);
          return bytes === null ? null : new TextDecoder().decode(bytes);
        });
        await place.close();
        if (conditions === "ignored") {
          assert.equal(error?.code, "TABLE_UNSUPPORTED");
          assert.match(error?.message ?? "", /does not refuse a name that is taken/);
          assert.equal(commits.length, 0);
        } else {
          assert.equal(status, "success", error?.message);
          assert.deepEqual([commits.length, files.size], [1, 1]);
        }
      } finally {
        await server.stop();
      }
    }
  }));
