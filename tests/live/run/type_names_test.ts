/** Types by the server's own names, and a state that was written with the standard's. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { STATE_FILE } from "../../../state/open.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

/** Declaration; the name that is shown and stored; the name that was stored before. */
const NAMES: readonly (readonly [declared: string, name: string, before: string])[] = [
  ["bool", "bool", "boolean"],
  ["int2", "int2", "smallint"],
  ["int4", "int4", "integer"],
  ["int8", "int8", "bigint"],
  ["float4", "float4", "real"],
  ["float8", "float8", "double precision"],
  ["numeric(15,4)", "numeric(15,4)", "numeric(15,4)"],
  ["date", "date", "date"],
  ["time", "time", "time without time zone"],
  ["time(2)", "time(2)", "time(2) without time zone"],
  ["timetz", "timetz", "time with time zone"],
  ["timestamp", "timestamp", "timestamp without time zone"],
  ["timestamp(3)", "timestamp(3)", "timestamp(3) without time zone"],
  ["timestamptz", "timestamptz", "timestamp with time zone"],
  ["timestamptz(0)", "timestamptz(0)", "timestamp(0) with time zone"],
  ["timestamptz[]", "timestamptz[]", "timestamp with time zone[]"],
  ["timestamp(3)[]", "timestamp(3)[]", "timestamp(3) without time zone[]"],
  ["text", "text", "text"],
  ["varchar(20)", "varchar(20)", "character varying(20)"],
  ["varchar", "varchar", "character varying"],
  ["varchar(5)[]", "varchar(5)[]", "character varying(5)[]"],
  ["char(5)", "bpchar(5)", "character(5)"],
  ["bpchar", "bpchar", "bpchar"],
  ['"char"', '"char"', '"char"'],
  ["jsonb", "jsonb", "jsonb"],
  ["uuid", "uuid", "uuid"],
  ["bytea", "bytea", "bytea"],
  ["interval", "interval", "interval"],
  ["interval(3)", "interval(3)", "interval(3)"],
  ["interval year to month", "interval year to month", "interval year to month"],
  ["text[]", "text[]", "text[]"],
  ["int4[]", "int4[]", "integer[]"],
  ["numeric(10,2)[]", "numeric(10,2)[]", "numeric(10,2)[]"],
  ["bit(3)", "bit(3)", "bit(3)"],
  ["varbit(5)", "varbit(5)", "bit varying(5)"],
  ["mood", "mood", "mood"],
  ["mood[]", "mood[]", "mood[]"],
  // A user's own, of a name that the server has or the standard takes for another type.
  ["public.int4", "public.int4", "public.int4"],
  ['"double precision"', '"double precision"', '"double precision"'],
  ["cents", "int4", "integer"],
];

const column = (index: number) => `c${index}`;

async function withTable(
  body: (db: TestDatabase, yaml: (drift: string) => string) => Promise<void>,
): Promise<void> {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(`CREATE TYPE mood AS ENUM ('a', 'b')`);
    await db.sql(`CREATE TYPE public.int4 AS ENUM ('a', 'b')`);
    await db.sql(`CREATE TYPE "double precision" AS ENUM ('a', 'b')`);
    await db.sql(`CREATE DOMAIN cents AS int4`);
    await db.sql(
      `CREATE TABLE t (${NAMES.map(([declared], i) => `${column(i)} ${declared}`).join(", ")})`,
    );
    await db.sql("INSERT INTO t DEFAULT VALUES");
    await body(db, (drift) =>
      `source: {type: postgres, url: "${db.url}", tls: {mode: disable}}
exports:
  - {name: t, table: t, on_schema_drift: ${drift}, destination: {type: local, path: ./out}}
`);
  } finally {
    await db.drop();
    await server.stop();
  }
}

Deno.test("the type report names types as the server does, and the server reads them back", () =>
  withTable((db, yaml) =>
    withConfig(yaml("fail"), async (dir) => {
      const { code, stdout, stderr } = await rivet(
        ["check", "-c", "rivet.yaml", "--type-report", "--json"],
        { cwd: dir },
      );
      assert.equal(code, 0, stderr);
      const { columns } = JSON.parse(stdout.split("\n")[0]);
      const shown: string[] = columns.map((c: { source_type: string }) => c.source_type);
      assert.deepEqual(
        shown.map((name, i) => [NAMES[i][0], name]),
        NAMES.map(([declared, name]) => [declared, name]),
      );
      const casts = shown.map((name, i) => `pg_typeof(NULL::${name}) = pg_typeof(${column(i)})`);
      const [same] = await db.sql(`SELECT ${casts.map((c, i) => `${c} AS s${i}`)} FROM t`);
      // A domain is shown as what it is over.
      const different = NAMES.filter((_, i) => same[i] !== "t").map(([declared]) => declared);
      assert.deepEqual(different, ["cents"]);
    })
  ));

Deno.test("a schema stored with the standard's names has not drifted; a changed type has", () =>
  withTable((_db, yaml) =>
    withConfig(yaml("fail"), async (dir) => {
      const run = () => rivet(["run", "-c", "rivet.yaml", "--json"], { cwd: dir });
      const first = await run();
      assert.equal(first.code, 0, first.stderr);
      const state = new DatabaseSync(join(dir, STATE_FILE));
      const stored = state.prepare("SELECT columns_json FROM export_schema").get()?.columns_json;
      const names: string[] = JSON.parse(String(stored)).map((c: { nativeType: string }) =>
        c.nativeType
      );
      assert.deepEqual(names, NAMES.map(([_, name]) => name));
      const before = NAMES.map(([_, __, nativeType], i) => ({
        name: column(i),
        nativeType,
        nullable: true,
      }));
      const write = (columns: typeof before) =>
        state.prepare("UPDATE export_schema SET columns_json = ?").run(JSON.stringify(columns));
      write(before);
      const second = await run();
      assert.equal(second.code, 0, second.stderr);
      assert.equal(JSON.parse(second.stdout).per_export[0].schema_changed, false);

      write(before.map((c, i) => i === 2 ? { ...c, nativeType: "bigint" } : c));
      const third = await run();
      assert.equal(third.code, 4);
      assert.match(third.stderr, /the schema changed: c2: int8 -> int4/);
      state.close();
    })
  ));
