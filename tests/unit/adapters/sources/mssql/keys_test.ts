/**
 * Keys of every type, paged one by one against a server that evaluates the statements: every row comes
 * once, in the server's order, whatever the value and whatever the database's code page.
 */
import assert from "node:assert/strict";
import { valueText } from "../../../../../core/batch/values.ts";
import type { Source } from "../../../../../core/ports/source.ts";
import { pageEndSql, pageSql } from "../../../../../core/query/page.ts";
import { comparedType } from "../../../../../core/query/select.ts";
import type { RivetType } from "../../../../../core/types/types.ts";
import { databaseRules } from "../../../../support/tds/sql/database.ts";
import { traitTest } from "../../../../support/tds/trait_test.ts";

const BASE = "SELECT * FROM [dbo].[keys]";

/** Edge values of each type, in no order. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "bit": ["1", "0"],
  "tinyint": ["255", "0", "7"],
  "smallint": ["-32768", "32767", "0"],
  "int": ["2147483647", "-2147483648", "0", "-1"],
  "bigint": ["9223372036854775807", "-9223372036854775808", "9007199254740993", "0"],
  "decimal(38,0)": ["9".repeat(38), `-${"9".repeat(38)}`, "0", "9007199254740993"],
  "decimal(38,38)": [`0.${"9".repeat(38)}`, `-0.${"0".repeat(37)}1`, `0.${"9".repeat(37)}8`],
  "decimal(10,2)": ["0.01", "-0.01", "12345678.90", "0.00"],
  "money": ["922337203685477.5807", "-922337203685477.5808", "1.0001", "1.0000", "1.0002"],
  "smallmoney": ["214748.3647", "0.0001", "0.0002"],
  "float": ["0.1", "0.30000000000000004", "0.3", "1e308", "-1e-308", "0", "123456789.12345679"],
  "real": ["0.1", "0.10000001", "16777216", "-3e38"],
  "date": ["0001-01-01", "9999-12-31", "2024-02-29"],
  "time(0)": ["00:00:00", "23:59:59"],
  "time(6)": ["00:00:00.000001", "23:59:59.999999", "12:00:00"],
  "smalldatetime": ["1900-01-01T00:00:00", "2079-06-06T23:59:00", "2024-01-31T10:00:00"],
  "datetime": [
    "1753-01-01T00:00:00",
    "9999-12-31T23:59:59.997",
    "2024-01-31T10:00:00.003",
    "2024-01-31T10:00:00.007",
    "2024-01-31T10:00:00.010",
  ],
  "datetime2(0)": ["0001-01-01T00:00:00", "9999-12-31T23:59:59"],
  "datetime2(6)": ["2024-01-31T10:00:00.000001", "2024-01-31T10:00:00.000002"],
  "datetimeoffset(6)": [
    "2024-01-31T10:00:00.000001+14:00",
    "2024-01-31T10:00:00.000001+00:00",
    "2024-01-30T23:00:00-10:00",
    "0001-01-01T14:00:00+14:00",
    "9999-12-31T09:59:59.999999-14:00",
  ],
  // The server's order begins with the last group.
  "uniqueidentifier": [
    "00000000-0000-0000-0000-010000000000",
    "ffffffff-0000-0000-0000-000000000000",
    "00000000-ffff-0000-0000-000000000000",
    "00000000-0000-0000-ff00-000000000000",
  ],
  "nvarchar(40)": ["", "it's", "日本", "é", "e", "z\\", "😀", "--"],
  "nchar(3)": ["a", "b", "é"],
  "varchar(40)": ["a-b", "a b", "ab", "aa", "a'b", "é", "€", "2024-01-31"],
  "char(3)": ["a", "b-", "b", "ß"],
  "varchar(40) COLLATE Cyrillic_General_CI_AS": ["Привет", "Пока", "Яблоко", "abc", "ё", "а-б"],
  "char(5) COLLATE Greek_CI_AS": ["Ωμέγα", "αβγ", "abc"],
  "varchar(40) COLLATE Latin1_General_100_CI_AS_SC_UTF8": ["日本", "é", "Привет", "😀"],
  "varbinary(8)": ["", "00", "0000", "ff", "0a0d27"],
  "binary(2)": ["0000", "00ff", "ff00"],
  "rowversion": ["00000000000007d1", "00000000000007d2", "ffffffffffffffff"],
};

/** Overrides of `columns:` under which values still lead back to their place. */
const OVERRIDES: Readonly<Record<string, readonly RivetType[]>> = {
  "int": [{ kind: "decimal", precision: 19, scale: 4 }, { kind: "float", bits: 64 }],
  "decimal(10,2)": [{ kind: "decimal", precision: 12, scale: 4 }, { kind: "text" }],
  "money": [{ kind: "text" }],
  "datetime2(6)": [{ kind: "timestamp", unit: "us", utc: true }, { kind: "text" }],
  "datetimeoffset(6)": [{ kind: "timestamp", unit: "us", utc: false }, { kind: "text" }],
  "uniqueidentifier": [{ kind: "text" }],
  "rowversion": [{ kind: "text" }],
  "varbinary(8)": [{ kind: "text" }],
  "date": [{ kind: "timestamp", unit: "us", utc: false }, { kind: "text" }],
};

/** Every key, by pages of one row, and every boundary that the server would give as text. */
async function pageThrough(source: Source, override?: RivetType) {
  const overrides = new Map(override === undefined ? [] : [["k", override]]);
  const { columns, selectList } = await source.describe(BASE, overrides);
  const [key, id] = columns;
  const shape = {
    base: BASE,
    key: "k",
    keyType: comparedType(key),
    unique: true,
    after: null,
    until: null,
  };
  const ids: (string | null)[] = [];
  for (let after: string | null = null; ids.length < 20;) {
    const sql = pageSql(source.dialect, shape, after, 1, selectList);
    const request = {
      sql,
      columns,
      access: "statement",
      fetchRows: 0,
      batchBytes: 65_536,
      batchRows: 10,
      throttleMs: 0,
      maxValueBytes: 65_536,
    } as const;
    const batches = await Array.fromAsync(source.read(request));
    if (batches.length === 0) break;
    ids.push(valueText(id.type, batches[0].data[1], 0));
    after = valueText(key.type, batches[0].data[0], 0);
  }
  let boundaries = 0;
  for (let after: string | null = null; boundaries < 20; boundaries++) {
    const rows = await source.rows(pageEndSql(source.dialect, shape, after, 1));
    if (rows.length === 0) break;
    after = rows[0][0];
  }
  return { ids, boundaries };
}

for (const [type, values] of Object.entries(KEYS)) {
  traitTest(`keys: ${type}`, async ({ withSource }) => {
    const keys = {
      columns: [{ name: "k", type }, { name: "id", type: "int" }],
      rows: values.map((value, i) => [value, String(i)]),
      primaryKey: "k",
    };
    await withSource(databaseRules({ keys }), async (source) => {
      const [[count]] = await source.rows(`SELECT COUNT_BIG(*) AS n FROM (${BASE}) AS _rivet`);
      assert.equal(count, String(values.length));
      for (const override of [undefined, ...OVERRIDES[type] ?? []]) {
        const { ids, boundaries } = await pageThrough(source, override);
        const ordered = await source.rows(
          `SELECT _rivet.[id] FROM (\n${BASE}\n) AS _rivet ORDER BY _rivet.[k]`,
        );
        assert.deepEqual(ids, ordered.map(([id]) => id), JSON.stringify(override));
        assert.equal(boundaries, values.length, JSON.stringify(override));
      }
    });
  });
}
