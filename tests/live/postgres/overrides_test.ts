/**
 * Every override over every type, scalar and array: what is accepted gives what the server's own cast
 * gives, or fails where that fails; all else is refused before the first row.
 */
import assert from "node:assert/strict";
import type { Source } from "../../../core/ports/source.ts";
import { RivetError } from "../../../core/base/errors.ts";
import { parseOverride } from "../../../core/types/overrides.ts";
import { formatType, type RivetType } from "../../../core/types/types.ts";
import { readAll, withSource } from "../../conformance/source.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { batchText } from "../../support/render.ts";
import { postgresHarness } from "./harness.ts";

/** Columns by name: type and a value of it. Values are whole where they could be, so that many overrides fit. */
const TYPES: readonly (readonly [type: string, value: string])[] = [
  ["bool", "true"],
  ["int2", "7"],
  ["int4", "-70000"],
  ["int8", "1099511627776"],
  ["oid", "70000"],
  ["float4", "1.5"],
  ["float8", "-0.25"],
  ["numeric(10,2)", "12"],
  ["numeric(60,20)", "7"],
  ["numeric", "42"],
  ["money", "'$1,234.50'"],
  ["date", "'2024-02-29'"],
  ["time", "'12:34:56.789012'"],
  ["timetz", "'12:34:56+02'"],
  ["timestamp", "'2024-02-29 12:34:56.789012'"],
  ["timestamptz", "'2024-02-29 12:34:56.789012+02'"],
  ["interval", "'1 day 02:03:04'"],
  ["text", "'größe, \"x\"'"],
  ["text", "'12.50'"],
  ["text", `'{"a": [1]}'`],
  ["varchar(40)", "'00112233-4455-6677-8899-aabbccddeeff'"],
  ["varchar", "'-7'"],
  ["char(6)", "'ab'"],
  ["bpchar", "'cd '"],
  ['"char"', "'x'"],
  ["name", "'a_name'"],
  ["mood", "'sad'"],
  ["amount", "12"],
  ["json", `'{"b":  2}'`],
  ["jsonb", `'{"b":  2}'`],
  ["uuid", "'00112233-4455-6677-8899-aabbccddeeff'"],
  ["bytea", "'\\x00ff'"],
  ["inet", "'10.0.0.1'"],
  ["cidr", "'10.0.0.0/8'"],
  ["macaddr", "'08:00:2b:01:02:03'"],
  ["macaddr8", "'08:00:2b:01:02:03:04:05'"],
  ["bit(3)", "'101'"],
  ["varbit", "'10'"],
  ["point", "'(1,2)'"],
  ["int4range", "'[1,5)'"],
  ["tsvector", "'a b'"],
  ["pair", "'(1,a)'"],
  ["pg_lsn", "'16/B374D848'"],
];

const SETUP = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE DOMAIN amount AS numeric(12,3);
  CREATE DOMAIN u64 AS numeric(20,0) CHECK (VALUE BETWEEN 0 AND 18446744073709551615);
  CREATE TYPE pair AS (a int4, b text);`;

/** Every override that there is, with the server's type for it; null: its bytes. */
const OVERRIDES: Readonly<Record<string, string | null>> = {
  bool: "bool",
  int16: "int2",
  int32: "int4",
  int64: "int8",
  uint64: "u64",
  float32: "float4",
  float64: "float8",
  "decimal(20,4)": "numeric(20,4)",
  "decimal(60,10)": "numeric(60,10)",
  text: "text",
  binary: null,
  json: "json",
  uuid: "uuid",
  date: "date",
  time: "time",
  timestamp: "timestamp",
  timestamp_ns: "timestamp",
  timestamp_tz: "timestamptz",
  timestamp_tz_ns: "timestamptz",
  interval: "interval",
};

interface Cell {
  readonly column: string;
  readonly type: string;
  readonly isArray: boolean;
}

const isText = (type: string) => /^(text|varchar|name)/.test(type);

/** The server's own text of a value as `override`. */
function expectedSql({ column, type, isArray }: Cell, override: RivetType): string {
  const element = override.kind === "list" ? override.element : override;
  if (override.kind === "text" || (element.kind === "text" && isArray)) {
    // A cast to text drops a char's padding and adds an inet's mask, which an array of them does not.
    const printed = !isArray && /^(inet|char\(|bpchar)/.test(type);
    return printed ? `(ARRAY[${column}]::text::text[])[1]` : `${column}::text`;
  }
  const server = OVERRIDES[formatType(element)];
  const bytes = (value: string) =>
    isText(type) ? `convert_to(${value}, 'UTF8')` : type === "uuid" ? `uuid_send(${value})` : value;
  if (server === null) {
    return isArray
      ? `(SELECT array_agg(${
        bytes("e")
      } ORDER BY i) FROM unnest(${column}) WITH ORDINALITY u(e, i))::text`
      : `${bytes(column)}::text`;
  }
  // The server has casts from oid to int8 only.
  const value = type !== "oid" ? column : isArray ? `${column}::int8[]` : `${column}::int8`;
  return isArray ? `${value}::${server}[]::text` : `${value}::${server}::text`;
}

/** What a read gives: the text of every row, or a fault that names the column. */
async function outcome(source: Source, column: string, type: RivetType): Promise<string[] | null> {
  try {
    const batches = await readAll(source, `SELECT ${column} FROM overrides`, {
      overrides: new Map([[column, type]]),
    });
    assert.deepEqual(batches.map((b) => formatType(b.columns[0].type)), [formatType(type)]);
    return batches.flatMap(batchText).map(([text]) => text ?? "NULL");
  } catch (error) {
    assert.ok(error instanceof RivetError, String(error));
    assert.equal(error.code, "VALUE_OUT_OF_RANGE", error.message);
    assert.match(error.message, new RegExp(`column "${column}"`));
    return null;
  }
}

/** Shortest float texts may differ in their digits but not in their value. */
function comparable(type: RivetType, text: string): string {
  const element = type.kind === "list" ? type.element : type;
  return element.kind === "float" ? text.replace(/[\d.e+-]+/g, (n) => String(Number(n))) : text;
}

/** Returns what was accepted. */
async function checkOverride(
  database: TestDatabase,
  source: Source,
  cells: readonly Cell[],
  type: RivetType,
): Promise<string[]> {
  const name = formatType(type);
  const inspected = await source.inspect?.(
    "SELECT * FROM overrides",
    new Map(cells.map((c) => [c.column, type])),
  );
  const accepted: string[] = [];
  for (const cell of cells) {
    const { refusal } = inspected?.find((c) => c.name === cell.column) ?? {};
    if (refusal !== null) continue;
    accepted.push(cell.column);
    const what = `${cell.type}${cell.isArray ? "[]" : ""} as ${name}`;
    const expected = await database.sql(
      `SELECT ${expectedSql(cell, type)} FROM overrides ORDER BY id`,
    ).then((rows) => rows.map(([text]) => text ?? "NULL"), () => null);
    const found = await outcome(source, cell.column, type);
    const normal = (texts: string[] | null) => texts?.map((text) => comparable(type, text)) ?? null;
    assert.deepEqual(normal(found), normal(expected), what);
  }
  return accepted;
}

const parse = (text: string): RivetType => {
  const result = parseOverride(text);
  if ("error" in result) throw new Error(result.error);
  return result.type;
};

Deno.test("every override over every type: the server's value, its failure, or a refusal", async () => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await database.sql(SETUP);
    const cells = TYPES.flatMap(([type], i): Cell[] => [
      { column: `c${i}`, type, isArray: false },
      { column: `a${i}`, type, isArray: true },
    ]);
    const declared = cells.map((c) => `${c.column} ${c.type}${c.isArray ? "[]" : ""}`);
    const values = TYPES.flatMap(([type, value]) => [
      `(${value})::${type}`,
      `ARRAY[(${value})::${type}, NULL]`,
    ]);
    await database.sql(`
      CREATE TABLE overrides (id int, ${declared.join(", ")});
      INSERT INTO overrides VALUES (1, ${values.join(", ")}), (2, ${
      values.map(() => "NULL").join(", ")
    })`);
    await withSource(await postgresHarness(database), {}, async (source) => {
      const scalars = cells.filter((c) => !c.isArray).map((c) => c.column);
      const arrays = cells.filter((c) => c.isArray).map((c) => c.column);
      for (const name of Object.keys(OVERRIDES)) {
        const asScalar = await checkOverride(database, source, cells, parse(name));
        const asList = await checkOverride(database, source, cells, parse(`list<${name}>`));
        assert.deepEqual(asList.filter((c) => scalars.includes(c)), [], `scalars as list<${name}>`);
        if (name === "text") {
          assert.deepEqual(asScalar, cells.map((c) => c.column), "text is read of everything");
          assert.deepEqual(asList, arrays, "list<text> is read of every array");
        } else {
          assert.deepEqual(asScalar.filter((c) => arrays.includes(c)), [], `arrays as ${name}`);
          assert.notEqual(asScalar.length, 0, `nothing can be read as ${name}`);
        }
      }
    });
  } finally {
    await database.drop();
    await server.stop();
  }
});
