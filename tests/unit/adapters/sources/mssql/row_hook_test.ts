/** Fails when the driver's internals are not those that `row_hook.ts` relies on. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import tediousPackage from "tedious/package.json" with { type: "json" };
import rowParser from "tedious/lib/token/row-token-parser.js";
import { installRowHook } from "../../../../../adapters/sources/mssql/row_hook.ts";
import denoJson from "../../../../../deno.json" with { type: "json" };
import { batchValues } from "../../../../support/render.ts";
import { decodeRows, makeParser } from "../../../../support/tds/decode_rows.ts";
import { column } from "../../../../support/tds/script.ts";
import { colMetadata, done, nbcRow, row } from "../../../../support/tds/tokens.ts";
import { types as t } from "../../../../support/tds/types.ts";

/** The version whose internals were read when the hook was written. */
const KNOWN_VERSION = "20.3.9";

Deno.test("the driver is pinned to the version that the hook was written for", () => {
  assert.equal(denoJson.imports.tedious, `npm:tedious@${KNOWN_VERSION}`);
  assert.equal(tediousPackage.version, KNOWN_VERSION);
});

const COLUMNS = [
  column("id", t.intNotNull(), false),
  column("name", t.nvarchar(20)),
  column("price", t.decimal(38, 4)),
  column("doc", t.nvarcharMax({ chunk: 5, unknown: true })),
  column("at", t.datetime2(7)),
  column("raw", t.varbinaryMax({ chunk: 4 })),
  column("uid", t.uniqueidentifier()),
  column("xml", t.xml({ chunk: 6 })),
  column("flag", t.bit()),
];
const CELLS = [
  [
    1,
    "naïve 😀",
    "-1.5000",
    "a longer document",
    "2024-01-31 10:00:00.1234560",
    Buffer.from("binary!"),
    "01234567-89ab-cdef-0123-456789abcdef",
    "<a/>",
    true,
  ],
  [2, null, null, null, null, null, null, null, null],
  [3, "", "0.0000", "", "0001-01-01 00:00:00", Buffer.alloc(0), null, "<b>é</b>", false],
];
const ROWS = CELLS.flatMap((cells) => [row(COLUMNS, cells), nbcRow(COLUMNS, cells)]);
const WHOLE = decodeRows(COLUMNS, ROWS);
const VALUES = WHOLE.batches.flatMap(batchValues);
const TOKENS = ["COLMETADATA", "DONE"];
const LENGTH = Buffer.concat([colMetadata(COLUMNS), ...ROWS, done()]).length;

Deno.test("rows make no tokens; those before and behind them reach the driver", () => {
  assert.deepEqual(WHOLE.tokens, TOKENS);
  assert.equal(VALUES.length, 6);
});

Deno.test("a stream cut at any one byte gives the same rows", () => {
  for (let cut = 1; cut < LENGTH; cut++) {
    const { batches, tokens } = decodeRows(COLUMNS, ROWS, { cuts: [cut] });
    assert.deepEqual(batches.flatMap(batchValues), VALUES, `cut at ${cut}`);
    assert.deepEqual(tokens, TOKENS, `cut at ${cut}`);
  }
});

Deno.test("a stream of single bytes gives the same rows", () => {
  const cuts = Array.from({ length: LENGTH - 1 }, (_, i) => i + 1);
  const { batches, tokens } = decodeRows(COLUMNS, ROWS, { cuts });
  assert.deepEqual(batches.flatMap(batchValues), VALUES);
  assert.deepEqual(tokens, TOKENS);
});

Deno.test("a stream cut anywhere gives the same rows", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: LENGTH - 1 }), { maxLength: 40 });
  fc.assert(
    fc.property(cuts, fc.integer({ min: 1, max: 7 }), (places, batchRows) => {
      const sorted = places.toSorted((a, b) => a - b);
      const { batches, tokens } = decodeRows(COLUMNS, ROWS, { cuts: sorted, batchRows });
      assert.deepEqual(batches.flatMap(batchValues), VALUES);
      assert.deepEqual(tokens, TOKENS);
    }),
    { numRuns: 200 },
  );
});

Deno.test("a connection without a sink reads rows as the driver does", () => {
  installRowHook();
  const { parser } = makeParser();
  const columns = [column("id", t.int())];
  parser.write(
    Buffer.concat([colMetadata(columns), row(columns, [7]), nbcRow(columns, [8]), done()]),
  );
  const tokens = [];
  for (let token; (token = parser.read()) !== undefined;) tokens.push(token);
  assert.deepEqual(tokens.map((token) => token.name), ["COLMETADATA", "ROW", "NBCROW", "DONE"]);
  const [, first] = tokens as unknown as { columns: { value: unknown }[] }[];
  assert.equal(first.columns[0].value, 7);
});

Deno.test("the readers that are replaced are those of the driver", () => {
  installRowHook();
  const read = Object.getOwnPropertyDescriptor(rowParser.RowTokenReader.prototype, "read");
  assert.match(String(read?.value), /sinks\.get/);
});
