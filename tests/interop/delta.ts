/**
 * `deno run -A tests/interop/delta.ts [ENGINE | STEP ...]`: tables that runs leave, read by delta-rs, DuckDB's extension
 * and Spark with Delta's jars, all of them and all steps unless some are named. Python's packages come from PyPI
 * (RIVET_INTEROP_PYTHON names a Python that has them), jars from Maven (RIVET_INTEROP_DELTA_JARS names a folder that
 * has them); Java 17 for Spark. After every step the readers' rows are the source's: types at their edges,
 * partitions, windows, three runs and their versions, kills around the commit and its checkpoint, a repair, a
 * replace, two writers at once, and tables that the other engines have written to.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { endOf } from "../support/pulse.ts";
import { startVictim } from "../crash/crash_cases.ts";
import { Lake } from "../live/tables/harness.ts";
import { type Engine, type EngineName, ENGINES, withEngines } from "./delta_engines.ts";
import { scriptArgs, usageError } from "../../packaging/script.ts";

type Engines = readonly Engine[];

const ROWS = "CREATE TABLE rows (id int PRIMARY KEY, v text NOT NULL);" +
  "INSERT INTO rows SELECT i, 'v' || i FROM generate_series(1, 100) i";
const DELTA = "table_format: {type: delta}";
const INCREMENTAL = `table: rows, mode: incremental, cursor_column: id, ${DELTA}`;
const CHUNKED = `table: rows, mode: chunked, chunk_size: 25, chunk_checkpoint: true, ${DELTA}`;

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

const grow = (to: number) =>
  `INSERT INTO rows SELECT i, 'v' || i FROM generate_series(1, ${to}) i ON CONFLICT DO NOTHING`;

async function sameIds(
  engines: Engines,
  { out }: Lake,
  ids: readonly number[],
  what: string,
  version?: number,
): Promise<void> {
  for (const engine of engines) {
    assert.deepEqual(await engine.ids(out, version), ids, `${engine.name}: ${what}`);
  }
}

/** Columns as PostgreSQL shows their values, and as readers do. */
const EDGES: readonly (readonly [column: string, type: string, values: readonly string[]])[] = [
  ["i2", "smallint", ["-32768", "32767"]],
  ["i4", "int", ["-2147483648", "2147483647"]],
  ["i8", "bigint", ["-9223372036854775808", "9223372036854775807"]],
  ["d9", "numeric(9,2)", ["-9999999.99", "9999999.99"]],
  ["d18", "numeric(18,6)", ["-999999999999.999999", "999999999999.999999"]],
  ["d38", "numeric(38,10)", ["-9999999999999999999999999999.9999999999", "0.0000000001"]],
  ["day", "date", ["0001-01-01", "9999-12-31"]],
  ["tn", "timestamp", ["1900-01-01T00:00:00.000001", "2262-01-01T00:00:00.999999"]],
  ["tz", "timestamptz", ["1969-12-31T23:59:59.999999", "2262-01-01T00:00:00.000001"]],
  ["s", "text", ["", "é\u{1f600}"]],
  ["ok", "boolean", ["true", "false"]],
];

/** By the bounds in the log files are skipped: the row must be found all the same. */
function condition(name: string, type: string, value: string, { name: engine }: Engine): string {
  const time = value.replace("T", " ");
  if (type === "timestamptz") {
    return engine === "duckdb"
      ? `${name} = TIMESTAMPTZ '${time}+00'`
      : `${name} = TIMESTAMP '${value}Z'`;
  }
  // Spark's TIMESTAMP is the other one.
  if (type === "timestamp") {
    return `${name} = ${engine === "spark" ? "TIMESTAMP_NTZ" : "TIMESTAMP"} '${time}'`;
  }
  if (type === "date") return `${name} = DATE '${value}'`;
  if (type === "text") return `${name} = '${value}'`;
  if (type === "boolean") return `${name} = ${value}`;
  return `${name} = CAST('${value}' AS ${
    type.startsWith("numeric") ? type.replace("numeric", "DECIMAL") : "BIGINT"
  })`;
}

async function types(engines: Engines): Promise<void> {
  const columns = EDGES.map(([name, type]) => `${name} ${type}`).join(", ");
  const row = (n: number) =>
    EDGES.map(([, type, values]) => `'${values[n]}${type === "timestamptz" ? "Z" : ""}'`).join(
      ", ",
    );
  const sql = `CREATE TABLE rows (id int PRIMARY KEY, ${columns}, l int[], bin bytea, f8 float8);
    INSERT INTO rows VALUES (1, ${row(0)}, '{1,NULL}', '\\x00ff', 'NaN'),
    (2, ${row(1)}, '{}', '\\x', '-Infinity'); INSERT INTO rows (id) VALUES (3)`;
  await Lake.with(sql, async (lake) => {
    await lake.configure(`table: rows, ${DELTA}`);
    await lake.run();
    for (const engine of engines) {
      const rows = await engine.sql(lake.out, "SELECT * FROM t ORDER BY id");
      const shown = (value: unknown) =>
        value === null ? null : String(value).replace(/\.000000$/, "");
      for (const [name, , values] of EDGES) {
        const found = rows.map((row) => shown(row[name]));
        assert.deepEqual(found, [...values, null], `${engine.name}: ${name}`);
      }
      assert.deepEqual(rows.map(({ l }) => l), [[1, null], [], null], engine.name);
      assert.deepEqual(rows.map(({ bin }) => bin), ["00ff", "", null], engine.name);
      assert.deepEqual(rows.map(({ f8 }) => f8), ["nan", "-inf", null], engine.name);
      for (const [name, type, [value]] of EDGES) {
        const where = condition(name, type, value, engine);
        const found = await engine.sql(lake.out, `SELECT id FROM t WHERE ${where}`);
        assert.deepEqual(found.map(({ id }) => id), [1], `${engine.name}: ${where}`);
      }
    }
  });
}

const PLACES =
  "CREATE TABLE rows (id int PRIMARY KEY, country text, n smallint, day date, seen timestamp);" +
  "INSERT INTO rows VALUES (1, 'CZ', 1, '2026-01-31', '2026-01-31 10:00'), (2, 'a/b=%?*', -1, NULL, NULL), " +
  "(3, NULL, NULL, '0001-01-01', '2026-02-01'), (4, '__HIVE_DEFAULT_PARTITION__', 1, '9999-12-31', NULL), " +
  "(5, E' ž\\u{1f600}.', 0, '2026-01-31', '1999-12-31 23:59:59.999999')";

async function partitions(engines: Engines): Promise<void> {
  await Lake.with(PLACES.replace("E' ž\\u{1f600}.'", "' ž\u{1f600}.'"), async (lake) => {
    const by = "[{column: country}, {column: n}, {column: day}, {column: seen, transform: month}]";
    await lake.configure(`table: rows, table_format: {type: delta, partition_by: ${by}}`);
    await lake.run();
    const expected = [
      [1, "CZ", 1, "2026-01-31", "2026-01-31T10:00:00.000000", "2026-01"],
      [2, "a/b=%?*", -1, null, null, null],
      [3, null, null, "0001-01-01", "2026-02-01T00:00:00.000000", "2026-02"],
      [4, "__HIVE_DEFAULT_PARTITION__", 1, "9999-12-31", null, null],
      [5, " ž\u{1f600}.", 0, "2026-01-31", "1999-12-31T23:59:59.999999", "1999-12"],
    ];
    for (const engine of engines) {
      const rows = await engine.sql(
        lake.out,
        "SELECT id, country, n, day, seen, seen_month FROM t ORDER BY id",
      );
      assert.deepEqual(rows.map((row) => Object.values(row)), expected, engine.name);
      for (
        const [where, ids] of [
          ["country = 'a/b=%?*'", [2]],
          ["country IS NULL", [3]],
          ["n = 1 AND day = DATE '9999-12-31'", [4]],
          ["seen_month = '1999-12'", [5]],
        ] as const
      ) {
        const found = await engine.sql(lake.out, `SELECT id FROM t WHERE ${where}`);
        assert.deepEqual(found.map(({ id }) => id), ids, `${engine.name}: ${where}`);
      }
    }
  });
}

async function windows(engines: Engines): Promise<void> {
  const row = (id: number, age: number) =>
    `INSERT INTO rows VALUES (${id}, now() AT TIME ZONE 'utc' - interval '${age} days');`;
  const sql = "CREATE TABLE rows (id int PRIMARY KEY, at timestamp);" +
    [1, 2, 10, 40].map((age) => row(age, age)).join("");
  await Lake.with(sql, async (lake) => {
    const configure = (days: number) =>
      lake.configure(
        `table: rows, mode: time_window, time_column: at, days_window: ${days}, ` +
          "table_format: {type: delta, partition_by: [{column: at, transform: day}]}",
      );
    await configure(30);
    await lake.run();
    await lake.database.sql(`${row(3, 2)} ${row(11, 10)} DELETE FROM rows WHERE id IN (1, 10)`);
    await configure(4);
    await lake.run();
    await sameIds(engines, lake, [2, 3, 10], "a window, and what is older");
    await configure(15);
    await lake.run();
    await sameIds(engines, lake, [2, 3, 11], "a wider window");
    await sameIds(engines, lake, [1, 2, 10], "the first one", 0);
  });
}

async function versions(engines: Engines): Promise<void> {
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(INCREMENTAL);
    for (const to of [100, 150, 200]) {
      await lake.database.sql(grow(to));
      await lake.run();
    }
    for (const [version, to] of [[0, 100], [1, 150], [2, 200], [undefined, 200]] as const) {
      await sameIds(engines, lake, upTo(to), `version ${version}`, version);
    }
    for (let to = 201; to <= 210; to++) {
      await lake.database.sql(grow(to));
      await lake.run();
    }
    for (let version = 0; version < 10; version++) {
      await Deno.remove(join(lake.out, `_delta_log/${String(version).padStart(20, "0")}.json`));
    }
    await sameIds(engines, lake, upTo(210), "from Rivet's checkpoint");
  });
}

async function repaired(engines: Engines): Promise<void> {
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(CHUNKED);
    await lake.run();
    await lake.database.sql("DELETE FROM rows WHERE id IN (30, 80)");
    await lake.repair();
    const left = upTo(100).filter((id) => id !== 30 && id !== 80);
    await sameIds(engines, lake, left, "repaired");
    await lake.database.sql("DELETE FROM rows WHERE id > 10");
    await lake.run();
    await sameIds(engines, lake, upTo(10), "replaced");
    await sameIds(engines, lake, left, "the version before", 1);
  });
}

const MOMENTS = ["before", "after"] as const;

/** @param occurrences of each point, up to */
const killsAt = (point: string, occurrences: number) =>
  upTo(occurrences).flatMap((n) => MOMENTS.map((moment) => [point, n, moment] as const));

const KILLS = [
  ...killsAt("destination.put", 2),
  ...killsAt("destination.replace", 5),
  ...killsAt("state.saveCursor", 1),
];

/** The run that dies is the tenth after the first: it writes a checkpoint behind its commit. */
const CHECKPOINT_KILLS = [...killsAt("destination.put", 2), ...killsAt("destination.replace", 7)];

async function kill(
  lake: Lake,
  [point, occurrence, moment]: typeof KILLS[number],
): Promise<string> {
  const stage = { dir: lake.dir, stateUrl: null };
  const died = await endOf(startVictim(stage, point, String(occurrence), moment));
  return `${moment} ${point} #${occurrence} (${died.signal ?? "it was never reached"})`;
}

async function killed(engines: Engines): Promise<void> {
  for (const at of KILLS) {
    await Lake.with(ROWS, async (lake) => {
      await lake.configure(INCREMENTAL);
      const name = await kill(lake, at);
      await lake.database.sql(grow(120));
      await lake.run();
      await sameIds(engines, lake, upTo(120), name);
      console.log(`  ${name}`);
    });
  }
}

async function checkpoints(engines: Engines): Promise<void> {
  for (const at of CHECKPOINT_KILLS) {
    await Lake.with(ROWS, async (lake) => {
      await lake.configure(INCREMENTAL);
      for (let to = 101; to <= 110; to++) {
        await lake.run();
        await lake.database.sql(grow(to));
      }
      const name = `checkpoint: ${await kill(lake, at)}`;
      await sameIds(engines, lake, await engines[0].ids(lake.out), `${name}, as it is left`);
      await lake.database.sql(grow(120));
      await lake.run();
      await sameIds(engines, lake, upTo(120), name);
      console.log(`  ${name}`);
    });
  }
}

/** Of two states at once: neither takes the other's commit for its own. */
async function two(engines: Engines): Promise<void> {
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(INCREMENTAL);
    await Lake.with(ROWS.replaceAll("1, 100", "101, 200"), async (other) => {
      await other.configure(INCREMENTAL, `{type: local, path: "${lake.out}"}`);
      for (const { status, error } of await Promise.all([lake.tryRun(), other.tryRun()])) {
        assert.ok(status === "success" || error?.code === "TABLE_CONFLICT", error?.message);
      }
      await lake.run();
      await other.run();
    });
    await sameIds(engines, lake, upTo(200), "two writers");
  });
}

/** What the engines write into a table, and what Rivet makes of it. */
async function writers(engines: Engines): Promise<void> {
  const named = (name: EngineName) => engines.find((engine) => engine.name === name);
  const [deltaRs, spark] = [named("delta-rs"), named("spark")];
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(INCREMENTAL);
    let last = 100;
    const ids = new Set(upTo(last));
    const next = async (what: string) => {
      last += 10;
      await lake.database.sql(grow(last));
      await lake.run();
      for (const id of upTo(last).slice(-10)) ids.add(id);
      assert.deepEqual((await lake.validate()).codes, [], what);
      await sameIds(engines, lake, [...ids].sort((a, b) => a - b), what);
    };
    await lake.run();
    await next("of Rivet's own");
    if (deltaRs !== undefined) {
      await deltaRs.compact(lake.out);
      await next("compacted by delta-rs");
    }
    if (spark === undefined) return;
    await spark.execute(lake.out, "INSERT INTO {t} VALUES (1001, 'spark'), (1002, 'spark')");
    ids.add(1001).add(1002);
    await next("appended by Spark");
    await spark.execute(lake.out, "DELETE FROM {t} WHERE id IN (7, 1002)");
    ids.delete(7);
    ids.delete(1002);
    await next("deleted by Spark");
    await spark.execute(lake.out, "OPTIMIZE {t}");
    await next("optimized by Spark");
    await spark.ids(lake.out);
    await spark.checkpoint(lake.out);
    const log = join(lake.out, "_delta_log");
    const checkpoint = JSON.parse(await Deno.readTextFile(join(log, "_last_checkpoint")));
    for (let version = 0; version < checkpoint.version; version++) {
      await Deno.remove(join(log, `${String(version).padStart(20, "0")}.json`));
    }
    await next("from a checkpoint of Spark's");
  });
}

const STEPS = { types, partitions, windows, versions, repaired, two, writers, killed, checkpoints };

async function main(): Promise<void> {
  const steps = Object.keys(STEPS) as (keyof typeof STEPS)[];
  const args = scriptArgs(import.meta.url, {}, Infinity).positionals;
  const some = <T extends string>(all: readonly T[]): readonly T[] => {
    const named = all.filter((name) => args.includes(name));
    return named.length === 0 ? all : named;
  };
  const known: readonly string[] = [...ENGINES, ...steps];
  const unknown = args.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    usageError(
      import.meta.url,
      `no engine and no step: ${unknown.join(", ")}; ${known.join(", ")}`,
    );
  }
  const names = some(ENGINES);
  const dir = await Deno.makeTempDir({ prefix: "rivet-interop-tables-" });
  try {
    await withEngines(dir, names, async (engines) => {
      for (const name of some(steps)) {
        await STEPS[name](engines);
        console.log(`${names.join(", ")}: ${name}: as at the source`);
      }
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) await main();
