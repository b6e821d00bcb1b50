/** Every type and value of fixtures/types/mssql.sql, compared with the text that the server makes of it. */
import assert from "node:assert/strict";
import { valueText } from "../../../core/batch/values.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { readAll, type ReadOptions, withSource } from "../../conformance/source.ts";
import { mssqlHarness } from "./harness.ts";
import { mssqlTest, withDatabase } from "./server.ts";

const FIXTURE = new URL("../../../fixtures/types/mssql.sql", import.meta.url);
const QUERY = "SELECT * FROM type_matrix";

/** An instant with its offset, as microseconds since 1970. */
function instant(text: string): string {
  const match = /^(.{19})\.?(\d*) ?([+-]\d\d:\d\d|\+00)$/.exec(text);
  if (match === null) throw new TypeError(`${text} is no instant`);
  const [, whole, fraction, zone] = match;
  const offset = zone === "+00" ? "Z" : zone;
  const millis = Date.parse(`${whole.replace(" ", "T")}${offset}`);
  return String(BigInt(millis) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, "0")));
}

/** One spelling for what both sides print. */
function normalized(type: RivetType, text: string): string {
  switch (type.kind) {
    case "bool":
      return text === "1" ? "true" : text === "0" ? "false" : text;
    case "float":
      return String(type.bits === 32 ? Math.fround(Number(text)) : Number(text));
    case "time":
      return text.replace(/\.?0+$/, "");
    case "timestamp":
      return type.utc ? instant(text) : text.replace(/\.0*$|(\.\d*?)0+$/, "$1");
    case "uuid":
    case "binary":
      return text.toLowerCase();
    default:
      return text;
  }
}

mssqlTest(
  "mssql: every type is read as the server prints it",
  (_, url) =>
    withDatabase(url, async (database, admin) => {
      const harness = await mssqlHarness(url, database, admin);
      await admin.sql(await Deno.readTextFile(FIXTURE));
      await withSource(harness, {}, async (source) => {
        const { columns } = await source.describe(QUERY, new Map());
        const table = async (options: ReadOptions) =>
          (await readAll(source, QUERY, { ...options, orderBy: "id" })).flatMap((batch) =>
            Array.from(
              { length: batch.rows },
              (_, row) => batch.columns.map((c, i) => valueText(c.type, batch.data[i], row)),
            )
          );
        const texts = new Map(columns.map((c) => [c.name, { kind: "text" } as const]));
        const [decoded, printed] = [await table({}), await table({ overrides: texts })];
        assert.equal(decoded.length, 3);
        decoded.forEach((cells, row) =>
          cells.forEach((cell, c) => {
            const { name, type } = columns[c];
            const expected = printed[row][c];
            const norm = (text: string | null) => text === null ? null : normalized(type, text);
            assert.equal(norm(cell), norm(expected), `${name} of row ${row + 1}`);
          })
        );
      });
    }),
);
