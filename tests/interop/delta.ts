/**
 * `deno run -A tests/interop/delta.ts`: tables that runs leave, read by delta-rs (PyPI `deltalake`), which is
 * installed with pip into a temporary folder, or taken from the Python that RIVET_INTEROP_PYTHON names. After
 * every step the reader's rows are the source's: types at their edges, three runs and their versions, kills
 * around the commit, a repair, a replace, two writers at once, a checkpoint of Rivet's and one of the reader's.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { endOf } from "../support/pulse.ts";
import { startVictim } from "../crash/crash_cases.ts";
import { Lake } from "../live/tables/harness.ts";

const READ = `
import json, sys
from deltalake import DeltaTable, QueryBuilder
path, version, sql = sys.argv[1:4]
table = DeltaTable(path, version=None if version == "" else int(version))
rows = QueryBuilder().register("t", table).execute(sql).read_all()
print(json.dumps({"version": table.version(), "rows": rows.to_struct_array().to_pylist()}, default=str))
`;

const MAINTAIN = `
import sys
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1])
table.optimize.compact()
table.create_checkpoint()
`;

async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    ...{ args: [...args], stdin: "null", stdout: "piped", stderr: "piped" },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function python(dir: string): Promise<string> {
  const given = Deno.env.get("RIVET_INTEROP_PYTHON");
  if (given !== undefined) return given;
  await output("python3", ["-m", "venv", join(dir, "venv")]);
  await output(join(dir, "venv/bin/pip"), ["install", "--quiet", "deltalake==1.6.6"]);
  return join(dir, "venv/bin/python");
}

type Row = Readonly<Record<string, unknown>>;

interface Read {
  readonly version: number;
  readonly rows: readonly Row[];
}

class Reader {
  readonly #python: string;

  constructor(python: string) {
    this.#python = python;
  }

  async sql(path: string, sql: string, version = ""): Promise<Read> {
    return JSON.parse(await output(this.#python, ["-c", READ, path, version, sql]));
  }

  async ids(path: string, version = ""): Promise<number[]> {
    const { rows } = await this.sql(path, "SELECT id FROM t ORDER BY id", version);
    return rows.map(({ id }) => Number(id));
  }

  async maintain(path: string): Promise<void> {
    await output(this.#python, ["-c", MAINTAIN, path]);
  }
}

const ROWS = "CREATE TABLE rows (id int PRIMARY KEY, v text NOT NULL);" +
  "INSERT INTO rows SELECT i, 'v' || i FROM generate_series(1, 100) i";
const DELTA = "table_format: {type: delta}";
const INCREMENTAL = `table: rows, mode: incremental, cursor_column: id, ${DELTA}`;
const CHUNKED = `table: rows, mode: chunked, chunk_size: 25, chunk_checkpoint: true, ${DELTA}`;

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

const grow = (to: number) =>
  `INSERT INTO rows SELECT i, 'v' || i FROM generate_series(1, ${to}) i ON CONFLICT DO NOTHING`;

/** Columns as PostgreSQL shows their values, and as the reader is asked for them. */
const EDGES: readonly (readonly [column: string, type: string, values: readonly string[]])[] = [
  ["i2", "smallint", ["-32768", "32767"]],
  ["i4", "int", ["-2147483648", "2147483647"]],
  ["i8", "bigint", ["-9223372036854775808", "9223372036854775807"]],
  ["d9", "numeric(9,2)", ["-9999999.99", "9999999.99"]],
  ["d18", "numeric(18,6)", ["-999999999999.999999", "999999999999.999999"]],
  ["d38", "numeric(38,10)", ["-9999999999999999999999999999.9999999999", "0.0000000001"]],
  ["day", "date", ["0001-01-01", "9999-12-31"]],
  ["tn", "timestamp", ["1900-01-01T00:00:00.000001", "2262-01-01T00:00:00.999999"]],
  ["s", "text", ["", "é\u{1f600}"]],
  ["ok", "boolean", ["true", "false"]],
];

async function types(reader: Reader): Promise<void> {
  const columns = EDGES.map(([name, type]) => `${name} ${type}`).join(", ");
  const row = (n: number) => EDGES.map(([, , values]) => `'${values[n]}'`).join(", ");
  const sql =
    `CREATE TABLE rows (id int PRIMARY KEY, ${columns}, l int[], bin bytea, tz timestamptz);
    INSERT INTO rows VALUES (1, ${row(0)}, '{1,NULL}', '\\x00ff', '1969-12-31 23:59:59.999999Z'),
    (2, ${row(1)}, '{}', '\\x', '2026-01-31 10:00Z'); INSERT INTO rows (id) VALUES (3)`;
  await Lake.with(sql, async (lake) => {
    await lake.configure(`table: rows, ${DELTA}`);
    await lake.run();
    for (const [name, , values] of EDGES) {
      const { rows } = await reader.sql(
        lake.out,
        `SELECT CAST(${name} AS VARCHAR) AS v FROM t ORDER BY id`,
      );
      assert.deepEqual(rows.map(({ v }) => v), [...values, null], name);
    }
    // By the bounds in the log files are skipped: the row must be found all the same.
    const wanted = [
      ...EDGES.filter(([, type]) => type !== "boolean" && type !== "text").map(
        ([name, type, values]) => {
          const literal = type.startsWith("time")
            ? `TIMESTAMP '${values[0]}'`
            : type === "date"
            ? `DATE '${values[0]}'`
            : `CAST('${values[0]}' AS ${
              type.startsWith("numeric") ? type.replace("numeric", "DECIMAL") : "BIGINT"
            })`;
          return `${name} = ${literal}`;
        },
      ),
      "tz = TIMESTAMP '1969-12-31T23:59:59.999999Z'",
      "s = ''",
    ];
    for (const where of wanted) {
      const { rows } = await reader.sql(lake.out, `SELECT id FROM t WHERE ${where}`);
      assert.deepEqual(rows.map(({ id }) => id), [1], where);
    }
  });
}

async function versions(reader: Reader): Promise<void> {
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(INCREMENTAL);
    for (const to of [100, 150, 200]) {
      await lake.database.sql(grow(to));
      await lake.run();
    }
    for (const [version, to] of [["0", 100], ["1", 150], ["2", 200], ["", 200]] as const) {
      assert.deepEqual(await reader.ids(lake.out, version), upTo(to), `version ${version}`);
    }
    for (let to = 201; to <= 210; to++) {
      await lake.database.sql(grow(to));
      await lake.run();
    }
    for (let version = 0; version < 10; version++) {
      await Deno.remove(join(lake.out, `_delta_log/${String(version).padStart(20, "0")}.json`));
    }
    assert.deepEqual(await reader.ids(lake.out), upTo(210), "from Rivet's checkpoint");
    await reader.maintain(lake.out);
    await lake.database.sql(grow(220));
    await lake.run();
    assert.deepEqual(await reader.ids(lake.out), upTo(220), "after the reader's compaction");
  });
}

async function repaired(reader: Reader): Promise<void> {
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(CHUNKED);
    await lake.run();
    await lake.database.sql("DELETE FROM rows WHERE id IN (30, 80)");
    await lake.repair();
    const left = upTo(100).filter((id) => id !== 30 && id !== 80);
    assert.deepEqual(await reader.ids(lake.out), left);
    await lake.database.sql("DELETE FROM rows WHERE id > 10");
    await lake.run();
    assert.deepEqual(await reader.ids(lake.out), upTo(10), "replaced");
    assert.deepEqual(await reader.ids(lake.out, "1"), left, "and the version before");
  });
}

const KILLS = [
  ...([1, 2] as const).flatMap((n) =>
    (["before", "after"] as const).map((moment) => ["destination.put", n, moment] as const)
  ),
  ...([1, 2, 3, 4, 5] as const).flatMap((n) =>
    (["before", "after"] as const).map((moment) => ["destination.replace", n, moment] as const)
  ),
  ...(["before", "after"] as const).map((moment) => ["state.saveCursor", 1, moment] as const),
];

async function killed(reader: Reader): Promise<void> {
  for (const [point, occurrence, moment] of KILLS) {
    await Lake.with(ROWS, async (lake) => {
      await lake.configure(INCREMENTAL);
      const stage = { dir: lake.dir, stateUrl: null };
      const died = await endOf(startVictim(stage, point, String(occurrence), moment));
      await lake.database.sql(grow(120));
      await lake.run();
      const name = `${moment} ${point} #${occurrence} (${died.signal ?? "it was never reached"})`;
      assert.deepEqual(await reader.ids(lake.out), upTo(120), name);
      console.log(`  ${name}`);
    });
  }
}

/** Of two states at once: neither takes the other's commit for its own. */
async function two(reader: Reader): Promise<void> {
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
    assert.deepEqual(await reader.ids(lake.out), upTo(200));
  });
}

async function main(): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-interop-tables-" });
  try {
    const reader = new Reader(await python(dir));
    const steps = { types, versions, repaired, two, killed };
    for (const [name, step] of Object.entries(steps)) {
      await step(reader);
      console.log(`delta-rs: ${name}: as at the source`);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) await main();
