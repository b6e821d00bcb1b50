/** An export of every type to an Iceberg table, killed, resumed and changed; its readers come from outside. */
import { strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDatabase, type TestDatabase, testPostgres } from "../support/postgres.ts";
import { rivet } from "../support/rivet.ts";
import type { Reader } from "./iceberg_readers.ts";

const VICTIM = fileURLToPath(new URL("../crash/victim.ts", import.meta.url));

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

export const PARTITIONS = `[{column: at, transform: year}, {column: day, transform: month},
      {column: atz, transform: hour}, {column: name, transform: "bucket[4]"},
      {column: id, transform: "truncate[2]"}, {column: d9, transform: identity}]`;

/** Where and how a stage's table is kept. */
export interface Setting {
  readonly reader: Reader;
  /** What the reader calls the table; `dir` is the stage's own. */
  readonly table: (dir: string) => string;
  /** Below `table_format`. */
  readonly format: string;
  /** Of the destination: `{type: local, path: ./lake/orders}` unless told. */
  readonly destination?: string;
  /** More lines of the export. */
  readonly fields?: readonly string[];
}

export class Stage {
  readonly dir: string;
  readonly database: TestDatabase;
  readonly setting: Setting;
  readonly table: string;
  /** `table_format`, from the next `configure` on. */
  format: string;

  constructor(dir: string, database: TestDatabase, setting: Setting) {
    this.dir = dir;
    this.database = database;
    this.setting = setting;
    this.table = setting.table(dir);
    this.format = setting.format;
  }

  async configure(...mode: readonly string[]): Promise<void> {
    const { destination = "{type: local, path: ./lake/orders, manifest_dir: _rivet}" } =
      this.setting;
    const lines = [
      "table: orders",
      "format: parquet",
      `destination: ${destination}`,
      ...mode,
      ...this.setting.fields ?? [],
      `table_format: ${this.format}`,
    ];
    const yaml =
      `source: {type: postgres, url: "${this.database.url}"}\nexports:\n  - name: orders\n` +
      lines.map((line) => `    ${line}\n`).join("");
    await Deno.writeTextFile(join(this.dir, "rivet.yaml"), yaml);
  }

  async rivet(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await rivet([...args, "-c", "rivet.yaml"], { cwd: this.dir });
    strictEqual(code, 0, stderr || stdout);
    return stdout;
  }

  /** A run that does not succeed: what it says. */
  async refused(...args: string[]): Promise<string> {
    const { code, stderr } = await rivet([...args, "-c", "rivet.yaml"], { cwd: this.dir });
    strictEqual(code, 1, stderr);
    return stderr;
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

  /** The reader sees the source's rows, whole and by what filters let through. */
  async check(what: string): Promise<void> {
    const json = await this.database.sql(`SELECT to_jsonb(o)::text FROM orders o ORDER BY id`);
    const expected = join(this.dir, "expected.json");
    await Deno.writeTextFile(expected, `[${json.map(([row]) => row).join(",")}]`);
    const seen = await this.setting.reader.ask("check", { table: this.table, expected });
    console.log(`${what}: ${seen}`);
  }

  /** Rows in each snapshot, the oldest first. */
  history(): Promise<number[]> {
    return this.setting.reader.ask("history", { table: this.table });
  }
}

export async function onStage(
  setting: Setting,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const database = await createDatabase(await testPostgres());
  const dir = await Deno.makeTempDir({ prefix: "rivet-iceberg-" });
  try {
    await database.sql(TYPES);
    const stage = new Stage(dir, database, setting);
    for (let id = 1; id <= 6; id++) await stage.insert(id);
    await work(stage);
  } finally {
    await Deno.remove(dir, { recursive: true });
    await database.drop();
  }
}

export const INCREMENTAL = ["mode: incremental", "cursor_column: id"];
