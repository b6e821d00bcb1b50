/**
 * Iceberg tables read by others: pyiceberg, DuckDB's extension and, with --rest, the catalog that Iceberg
 * publishes for tests. No part of the gate: Python packages from PyPI (RIVET_INTEROP_PYTHON names a Python that
 * has them), for --rest Java and Maven.
 *
 * deno run -A tests/interop/iceberg.ts [--rest]
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDatabase, type TestDatabase, testPostgres } from "../support/postgres.ts";
import { rivet } from "../support/rivet.ts";
import { startRestCatalog } from "./iceberg_rest.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const VICTIM = here("../crash/victim.ts");
const PACKAGES = [
  "pyiceberg[pyarrow]==0.12.0",
  "pyarrow==26.0.1",
  "duckdb==1.5.5",
  "duckdb-extension-iceberg==1.5.5",
  "duckdb-extension-avro==1.5.5",
  "pytz==2026.6",
];

async function output(command: string, args: readonly string[]): Promise<string> {
  const child = new Deno.Command(command, { args: [...args], stdin: "null" });
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

async function python(dir: string): Promise<string> {
  const given = Deno.env.get("RIVET_INTEROP_PYTHON");
  if (given !== undefined) return given;
  const venv = join(dir, "venv");
  await output("python3", ["-m", "venv", venv]);
  await output(join(venv, "bin", "pip"), ["install", "--quiet", ...PACKAGES]);
  return join(venv, "bin", "python");
}

/** Every type that a table has, at its edges; `id` counts. */
const TYPES = `
  CREATE TABLE orders (id bigint PRIMARY KEY, b bool, i2 int2, i4 int4, f4 float4, f8 float8,
    d9 numeric(9,2), d18 numeric(18,4), d38 numeric(38,10), day date, clock time, at timestamp,
    atz timestamptz, name text, doc jsonb, bin bytea, key uuid, span interval, tags text[], numbers int8[])`;
const ROWS: readonly string[] = [
  `true, 32767, 2147483647, 3.4028235e38, 1.7976931348623157e308, 9999999.99, 99999999999999.9999,
   9999999999999999999999999999.9999999999, '9999-12-31', '23:59:59.999999', '9999-12-31 23:59:59.999999',
   '9999-12-31 23:59:59.999999+00', 'žluťoučký 🐎', '{"a": [1, null]}', '\\xff00',
   'ffffffff-ffff-ffff-ffff-ffffffffffff', '1 year 2 mons', '{a,NULL,""}', '{9223372036854775807}'`,
  `false, -32768, -2147483648, -3.4028235e38, -1.7976931348623157e308, -9999999.99, -99999999999999.9999,
   -9999999999999999999999999999.9999999999, '0001-01-01', '00:00', '0001-01-01', '0001-01-01 00:00+00', '',
   'null', '', '00000000-0000-0000-0000-000000000000', '0', '{}', '{-9223372036854775808,NULL}'`,
  `NULL, NULL, NULL, 'NaN', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL`,
  `true, 0, 0, 0, -0.0, 0, 0, 0, '1969-12-31', '12:00', '1969-12-31 23:59:59.999999',
   '1970-01-01 00:00+00', repeat('x', 200), '"t"', repeat('y', 200)::bytea,
   'f79c3e09-677c-4bbd-a479-3f349cb785e7', '-1 day', NULL, NULL`,
];

const PARTITIONS = `[{column: at, transform: year}, {column: day, transform: month},
      {column: atz, transform: hour}, {column: name, transform: "bucket[4]"},
      {column: id, transform: "truncate[2]"}, {column: d9, transform: identity}]`;

class Stage {
  readonly #python: string;
  readonly dir: string;
  readonly database: TestDatabase;
  /** What a reader opens. */
  readonly #table: string;

  constructor(python: string, dir: string, database: TestDatabase, table: string) {
    this.#python = python;
    this.dir = dir;
    this.database = database;
    this.#table = table;
  }

  async configure(mode: string, format: string): Promise<void> {
    const yaml = `source: {type: postgres, url: "${this.database.url}"}
exports:
  - name: orders
    table: orders
    format: parquet
    destination: {type: local, path: ./out}
    ${mode}
    table_format: ${format}
`;
    await Deno.writeTextFile(join(this.dir, "rivet.yaml"), yaml);
  }

  async rivet(...args: string[]): Promise<void> {
    const { code, stderr } = await rivet([...args, "-c", "rivet.yaml"], { cwd: this.dir });
    strictEqual(code, 0, stderr);
  }

  async insert(id: number): Promise<void> {
    await this.database.sql(`INSERT INTO orders VALUES (${id}, ${ROWS[id % ROWS.length]})`);
  }

  async die(...point: string[]): Promise<void> {
    const args = ["run", "-A", "--no-check", VICTIM, join(this.dir, "rivet.yaml"), ...point];
    const child = new Deno.Command(Deno.execPath(), { args, stdin: "null" });
    const { signal, stderr } = await child.output();
    strictEqual(signal, "SIGKILL", new TextDecoder().decode(stderr));
  }

  /** Both readers see the source's rows, whole and by what filters let through. */
  async check(what: string): Promise<void> {
    const json = await this.database.sql(`SELECT to_jsonb(o)::text FROM orders o ORDER BY id`);
    const expected = join(this.dir, "expected.json");
    await Deno.writeTextFile(expected, `[${json.map(([row]) => row).join(",")}]`);
    const seen = await output(this.#python, [here("iceberg.py"), this.#table, expected]);
    console.log(`${what}: ${seen.trim()}`);
  }

  /** Rows in each snapshot, the oldest first. */
  async history(): Promise<number[]> {
    return JSON.parse(await output(this.#python, [here("iceberg.py"), this.#table, "history"]));
  }
}

async function onStage(
  python: string,
  table: (dir: string) => string,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const database = await createDatabase(await testPostgres());
  const dir = await Deno.makeTempDir({ prefix: "rivet-iceberg-" });
  try {
    await database.sql(TYPES);
    const stage = new Stage(python, dir, database, table(dir));
    for (let id = 1; id <= 6; id++) await stage.insert(id);
    await work(stage);
  } finally {
    await Deno.remove(dir, { recursive: true });
    await database.drop();
  }
}

const INCREMENTAL = "mode: incremental\n    cursor_column: id";

/** Three runs, time travel, every kill of a commit, a new column. */
async function appends(stage: Stage, format: string): Promise<void> {
  await stage.configure(INCREMENTAL, format);
  await stage.rivet("run");
  await stage.check("first run");
  for (const id of [7, 8]) {
    await stage.insert(id);
    await stage.rivet("run");
  }
  await stage.check("three runs");
  deepStrictEqual(await stage.history(), [6, 7, 8]);
  let id = 9;
  for (const [point, last] of [["destination.put", 4], ["destination.replace", 4]] as const) {
    for (let occurrence = 1; occurrence <= last; occurrence++) {
      for (const moment of ["before", "after"]) {
        await stage.insert(id++);
        await stage.die(point, String(occurrence), moment);
        await stage.insert(id++);
        await stage.rivet("run");
        await stage.check(`killed ${moment} ${point} ${occurrence}`);
      }
    }
  }
  await stage.database.sql("ALTER TABLE orders ADD COLUMN later int, ALTER COLUMN i4 TYPE bigint");
  await stage.database.sql(`INSERT INTO orders (id, i4, later) VALUES (${id}, 4294967296, 1)`);
  await stage.rivet("run");
  await stage.check("a new column and a wider one");
}

/** A repair, and a run that replaces all. */
async function replaces(stage: Stage, format: string): Promise<void> {
  const chunks =
    "mode: chunked\n    chunk_column: id\n    chunk_size: 2\n    chunk_checkpoint: true";
  await stage.configure(chunks, format);
  await stage.rivet("run");
  await stage.check("chunked run");
  await stage.database.sql("DELETE FROM orders WHERE id = 3");
  await stage.rivet("repair", "-e", "orders", "--execute");
  await stage.check("repaired");
  await stage.database.sql("UPDATE orders SET name = 'new' WHERE id < 5");
  await stage.rivet("run");
  await stage.check("replaced");
  deepStrictEqual(await stage.history(), [6, 5, 5]);
}

async function main(): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-interop-" });
  try {
    const program = await python(dir);
    const folder = (dir: string) => join(dir, "out");
    for (const [title, by] of [["plain", ""], ["partitioned", `, partition_by: ${PARTITIONS}`]]) {
      console.log(`## ${title}`);
      await onStage(program, folder, (stage) => appends(stage, `{type: iceberg${by}}`));
      await onStage(program, folder, (stage) => replaces(stage, `{type: iceberg${by}}`));
    }
    if (!Deno.args.includes("--rest")) return;
    console.log("## REST catalog");
    const catalog = await startRestCatalog(dir);
    try {
      for (const [name, work] of [["appends", appends], ["replaces", replaces]] as const) {
        const identifier = `shop.${name}`;
        const format =
          `{type: iceberg, identifier: ${identifier}, catalog: {type: rest, uri: "${catalog.uri}"}}`;
        await onStage(
          program,
          () => `${catalog.uri} ${identifier}`,
          (stage) => work(stage, format),
        );
      }
    } finally {
      await catalog.stop();
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
