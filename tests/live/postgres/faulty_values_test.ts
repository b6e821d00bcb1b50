/** Values that the server itself cannot give: the error names the column, whatever the server says. */
import assert from "node:assert/strict";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import type { Source } from "../../../core/ports/source.ts";
import { parseOverride } from "../../../core/types/overrides.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { caseTuning, failsWith, readAll, readValues } from "../../conformance/source.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { serverHasSessions } from "../state/state_database.ts";
import { structured } from "./harness.ts";

function overrides(types: Readonly<Record<string, string>>): ReadonlyMap<string, RivetType> {
  return new Map(
    Object.entries(types).map(([name, type]) => {
      const parsed = parseOverride(type);
      if ("error" in parsed) throw new Error(parsed.error);
      return [name, parsed.type];
    }),
  );
}

async function inDatabase(
  options: string,
  work: (database: TestDatabase, source: Source) => Promise<void>,
): Promise<void> {
  const server = await testPostgres();
  const database = await createDatabase(server, options);
  const { connect } = await sourceFactory("postgres");
  const source = await connect({
    source: structured(database.url),
    tuning: caseTuning({}),
    applicationName: "rivet-test",
  });
  try {
    await work(database, source);
  } finally {
    await source.close();
    await database.drop();
    await server.stop();
  }
}

const QUERY = "SELECT a, v, j FROM t";

/** A byte that is no text, in the database's encoding or in UTF-8, between columns that are. */
async function checkBytes(encoding: string, byte: string, message: RegExp): Promise<void> {
  const options = `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`;
  await inDatabase(options, async (database, source) => {
    await database.sql(`
      CREATE TABLE t (a text, v varchar(9), j json);
      INSERT INTO t VALUES ('plain', convert_from('\\x41${byte}'::bytea, '${encoding}'), '{}')`);
    for (const access of ["statement", "cursor"] as const) {
      const read = readAll(source, QUERY, { access });
      const error = await failsWith(read, "VALUE_OUT_OF_RANGE", "permanent", message);
      assert.match(error.message, /column "v": /);
      assert.match(error.hint ?? "", /columns: \{ "v": binary \}/);
      const options = { access, overrides: overrides({ v: "binary" }) };
      const [[a, v]] = await readValues(source, QUERY, options);
      assert.equal(a, "plain");
      assert.deepEqual(v, Uint8Array.fromHex(`41${byte}`));
    }
  });
}

if (await serverHasSessions()) {
  Deno.test("SQL_ASCII: bytes that are not UTF-8 are named, and exported as binary", () =>
    checkBytes("SQL_ASCII", "ff", /invalid byte sequence for encoding "UTF8": 0xff/));

  Deno.test("WIN1252: a byte without a character is named, and exported as binary", () =>
    checkBytes("WIN1252", "81", /byte sequence 0x81 in encoding "WIN1252" has no equivalent/));
}

/** What an override makes of a text in the server. */
const CONVERTED: readonly (readonly [value: string, type: string])[] = [
  ["no uuid", "uuid"],
  ["{no json", "json"],
  ["12,5", "decimal(9,2)"],
];

Deno.test("a text that its override cannot be read as is named", () =>
  inDatabase("", async (database, source) => {
    await database.sql("CREATE TABLE t (a text, v text, j json)");
    for (const [value, type] of CONVERTED) {
      await database.sql(`TRUNCATE t; INSERT INTO t VALUES ('a', '${value}', '[]')`);
      const read = readAll(source, QUERY, { overrides: overrides({ v: type }) });
      const error = await failsWith(read, "VALUE_OUT_OF_RANGE", "permanent", /column "v": /);
      assert.match(error.hint ?? "", /columns: \{ "v": text \}/);
    }
  }));

Deno.test("a fault of the query's own condition is not laid on a column", () =>
  inDatabase("", async (database, source) => {
    await database.sql("CREATE TABLE t (a text, v text); INSERT INTO t VALUES ('x', 'y')");
    const read = readAll(source, "SELECT a, v FROM t WHERE a::int > 0");
    const error = await failsWith(read, "SOURCE_QUERY", "permanent", /invalid input syntax/);
    assert.doesNotMatch(error.message, /column/);
  }));
