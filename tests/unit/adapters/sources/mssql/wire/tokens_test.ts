/** Responses, cut anywhere, and against what another client makes of the same bytes. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import tediousCollation from "tedious/lib/collation.js";
import TediousParser from "tedious/lib/token/stream-parser.js";
import {
  type Collation,
  collationAt,
} from "../../../../../../adapters/sources/mssql/wire/collation.ts";
import { ProtocolError } from "../../../../../../adapters/sources/mssql/wire/packets.ts";
import { TokenReader } from "../../../../../../adapters/sources/mssql/wire/tokens.ts";
import { batchValues } from "../../../../../support/render.ts";
import {
  decodeRows,
  NO_ROWS,
  notingHandler,
  readMetadata,
} from "../../../../../support/tds/decode_rows.ts";
import { column } from "../../../../../support/tds/script.ts";
import {
  colMetadata,
  done,
  error,
  info,
  loginTokens,
  nbcRow,
  row,
  transactionBegun,
  transactionEnded,
} from "../../../../../support/tds/tokens.ts";
import { AS_A_REAL_SERVER, PLAIN } from "../../../../../support/tds/traits.ts";
import { types as t } from "../../../../../support/tds/types.ts";

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
const TOKENS = ["columns", "done"];
const LENGTH = Buffer.concat([colMetadata(COLUMNS), ...ROWS, done()]).length;

Deno.test("rows make no tokens; those before and behind them are told", () => {
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

interface OtherParser {
  write(chunk: Uint8Array): void;
  read(): { readonly columns: readonly Record<string, unknown>[] } | undefined;
}
type OtherParserClass = new (options: object) => OtherParser;

/** The columns as tedious reads them. */
function readByTedious(bytes: Uint8Array): readonly Record<string, unknown>[] {
  const options = { tdsVersion: "7_4", useColumnNames: false };
  const parser = new (TediousParser as unknown as OtherParserClass)(options);
  parser.write(Buffer.from(bytes));
  return parser.read()?.columns ?? [];
}

Deno.test("columns of every type are those that another client reads", () => {
  const made: Readonly<Record<string, unknown>> = { ...t };
  const arguments_: Readonly<Record<string, readonly unknown[]>> = {
    decimal: [20, 3],
    numeric: [38, 38],
    time: [3],
    datetime2: [0],
    datetimeoffset: [7],
    udt: ["geography"],
  };
  const columns = Object.keys(made).map((name) => {
    const make = made[name] as (...args: readonly unknown[]) => ReturnType<typeof t.int>;
    const sized = /^n?(?:var)?char$|^(?:var)?binary$/.test(name) ? [30] : [];
    return column(name, make(...(arguments_[name] ?? sized)));
  });
  assert.ok(columns.length > 30);
  for (const traits of [PLAIN, AS_A_REAL_SERVER]) {
    const theirs = readByTedious(colMetadata(columns, traits));
    const ours = readMetadata(columns, traits);
    assert.equal(ours.length, columns.length);
    ours.forEach((found, i) => {
      const other = theirs[i] as unknown as typeof found;
      assert.equal(found.colName, other.colName);
      assert.equal(found.type.name, other.type.name, found.colName);
      for (const key of ["flags", "userType", "dataLength", "precision", "scale"] as const) {
        assert.equal(found[key], other[key], `${key} of ${found.colName}`);
      }
      assert.equal(found.udtInfo?.typeName, other.udtInfo?.typeName);
      assert.equal(found.collation?.codepage, other.collation?.codepage);
      assert.equal(found.collation?.lcid, other.collation?.lcid);
    });
  }
});

Deno.test("a collation has the code page that another client takes", () => {
  const { Collation } = tediousCollation as unknown as {
    Collation: { fromBuffer(bytes: Uint8Array): Collation };
  };
  const check = (bytes: Uint8Array) => {
    const { lcid, flags, version, sortId, codepage } = Collation.fromBuffer(bytes);
    assert.deepEqual(collationAt(bytes, 0), { lcid, flags, version, sortId, codepage });
  };
  for (let id = 0; id < 256; id++) check(Uint8Array.of(0x09, 0x04, 0xd0, 0x00, id));
  for (let lcid = 0; lcid < 0x10000; lcid += 1) {
    check(Uint8Array.of(lcid & 0xff, lcid >> 8, 0xd0, 0x00, 0));
  }
  check(Uint8Array.of(0x09, 0x04, 0xd0, 0x24, 0x00));
});

/** Tokens that no result has, and some that only other servers send. */
const OTHERS = Buffer.concat([
  loginTokens("shop", 4096, AS_A_REAL_SERVER),
  loginTokens("shop", 8192, PLAIN),
  Buffer.from([0xae, 0x0a, 1, 0, 0, 0, 1, 0xff]),
  info(5701, "Changed."),
  transactionBegun(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
  transactionEnded(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
  // ORDER, TABNAME, COLINFO, RETURNSTATUS, SESSIONSTATE, an ENVCHANGE of a kind that changes nothing here.
  Buffer.from([0xa9, 4, 0, 1, 0, 2, 0]),
  Buffer.from([0xa4, 3, 0, 1, 0, 0]),
  Buffer.from([0xa5, 3, 0, 1, 1, 8]),
  Buffer.from([0x79, 0, 0, 0, 0]),
  Buffer.from([0xe4, 5, 0, 0, 0, 1, 2, 3, 4, 5]),
  Buffer.from([0xe3, 3, 0, 18, 0, 0]),
  error(229, "No."),
  done({ error: true }),
]);
const TOLD = [
  "collation CP1252",
  "login 74000004",
  "done",
  "login 74000004",
  "packets 8192",
  "done",
  "transaction 0102030405060708",
  "transaction none",
  "error 229",
  "done",
];

Deno.test("what changes a session is told, wherever it is cut; the rest is skipped", () => {
  for (let cut = 0; cut < OTHERS.length; cut++) {
    const told: string[] = [];
    const reader = new TokenReader(notingHandler(told), NO_ROWS);
    for (const part of [OTHERS.subarray(0, cut), OTHERS.subarray(cut)]) {
      reader.append(part);
      reader.read();
    }
    reader.end();
    assert.deepEqual(told, TOLD, `cut at ${cut}`);
  }
});

Deno.test("a response that ends within a token or a row, and one that is no response, are refused", () => {
  for (const cut of [1, 5, OTHERS.length - 1]) {
    const reader = new TokenReader(notingHandler([]), NO_ROWS);
    reader.append(OTHERS.subarray(0, cut));
    reader.read();
    assert.throws(() => reader.end(), ProtocolError);
  }
  const other = new TokenReader(notingHandler([]), NO_ROWS);
  other.append(Uint8Array.of(0x42));
  assert.throws(() => other.read(), /token of type 0x42/);
  const rows = new TokenReader(notingHandler([]), NO_ROWS);
  rows.append(Uint8Array.of(0xd1, 1));
  assert.throws(() => rows.read(), /rows without columns/);
});
