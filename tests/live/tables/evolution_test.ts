/** Columns that change between runs: what a table takes with its next commit, and what it refuses before a row is read. */
import assert from "node:assert/strict";
import { icebergRead } from "icebird";
import { deltaRows, readDeltaFolder } from "../../support/read_delta.ts";
import { join } from "node:path";
import { TABLE_TYPES } from "../../../core/config/table_formats.ts";
import { Lake } from "./harness.ts";

const ROWS = "CREATE TABLE rows (id int PRIMARY KEY, n int, f real, d numeric(9,2));" +
  "INSERT INTO rows VALUES (1, 1, 1.5, 1.25)";
const CHANGED = "ALTER TABLE rows ADD COLUMN v text, ALTER COLUMN n TYPE bigint, " +
  "ALTER COLUMN f TYPE float8, ALTER COLUMN d TYPE numeric(18,2);" +
  "INSERT INTO rows VALUES (2, 1099511627776, 1e300, 1234567890123.25, 'new')";

const configure = (lake: Lake, type: string, more = "") =>
  lake.configure(
    `table: rows, mode: incremental, cursor_column: id, parquet: {encoding: plain}, ` +
      `table_format: {type: ${type}}${more}`,
  );

Deno.test("iceberg: a new column and wider ones come with the commit, unless drift is to fail", () =>
  Lake.with(ROWS, async (lake) => {
    await configure(lake, "iceberg");
    await lake.run();
    await lake.database.sql(CHANGED);
    await configure(lake, "iceberg", ", on_schema_drift: fail");
    assert.equal((await lake.tryRun()).error?.code, "SCHEMA_DRIFT");
    await configure(lake, "iceberg", ", on_schema_drift: continue");
    assert.equal((await lake.run()).rows, 1);
    const found = await icebergRead({ tableUrl: `file://${lake.out}` });
    assert.deepEqual(found.map(({ id, n, f, v }) => [id, Number(n), f, v ?? null]).sort(), [
      [1, 1, 1.5, null],
      [2, 1099511627776, 1e300, "new"],
    ]);
    assert.deepEqual(found.map(({ d }) => Number(d)).sort((a, b) => a - b), [
      1.25,
      1234567890123.25,
    ]);
    await lake.database.sql("ALTER TABLE rows ALTER COLUMN n TYPE text");
    for (const setting of ["warn", "continue"]) {
      await configure(lake, "iceberg", `, on_schema_drift: ${setting}`);
      const { error, files } = await lake.tryRun();
      assert.deepEqual([error?.code, files], ["TABLE_SCHEMA", 0]);
      assert.match(error?.message ?? "", /'n' is long in the table and string now/);
    }
    await configure(lake, "iceberg", ", on_schema_drift: fail");
    assert.equal((await lake.tryRun()).error?.code, "SCHEMA_DRIFT");
  }));

for (const type of TABLE_TYPES) {
  Deno.test(`${type}: without a state, the table is what on_schema_drift: fail goes by`, () =>
    Lake.with(ROWS, async (lake) => {
      const lost = async (fields: string) => {
        for (const end of ["", "-wal", "-shm"]) {
          await Deno.remove(join(lake.dir, `.rivet_state.db${end}`)).catch(() => {});
        }
        await lake.configure(
          `table: rows, table_format: {type: ${type}${fields}, partition_by: ` +
            "[{column: at, transform: day}]}, on_schema_drift: fail, " +
            "meta_columns: {exported_at: true}",
        );
        return await lake.tryRun();
      };
      await lake.database.sql("ALTER TABLE rows ADD COLUMN at timestamp DEFAULT '2026-01-31'");
      for (const fields of ["", ", write: replace"]) {
        // A first run makes the table, and the same columns are no drift.
        for (let run = 0; run < 2; run++) {
          const { status, error } = await lost(fields);
          assert.equal(status, "success", error?.message);
        }
      }
      await lake.database.sql("ALTER TABLE rows ADD COLUMN v text");
      for (const fields of ["", ", write: replace"]) {
        const { error, files } = await lost(fields);
        assert.deepEqual([error?.code, files], ["SCHEMA_DRIFT", 0]);
        assert.match(error?.message ?? "", /no run is remembered: added v string$/);
      }
      await lake.database.sql("ALTER TABLE rows DROP COLUMN v, DROP COLUMN f");
      const { error, files } = await lost(", write: replace");
      assert.deepEqual([error?.code, files], ["SCHEMA_DRIFT", 0]);
      assert.match(error?.message ?? "", /no run is remembered: removed f$/);
    }));
}

Deno.test("delta: a new column comes with the commit; a wider one needs its old type, or a new table", () =>
  Lake.with(ROWS, async (lake) => {
    await configure(lake, "delta");
    await lake.run();
    await lake.database.sql(CHANGED);
    const { error, files } = await lake.tryRun();
    assert.deepEqual([error?.code, files], ["TABLE_SCHEMA", 0]);
    assert.match(error?.message ?? "", /"n" is integer there, and comes as long; "f" is float/);
    assert.match(error?.hint ?? "", /typeWidening/);
    await configure(lake, "delta", ", on_schema_drift: fail");
    assert.equal((await lake.tryRun()).error?.code, "SCHEMA_DRIFT");
    // The types that the table has: what does not fit them fails the run, by its column.
    await configure(lake, "delta", ', columns: {n: int32, f: float32, d: "decimal(9,2)"}');
    assert.equal((await lake.tryRun()).error?.code, "VALUE_OUT_OF_RANGE");
    await lake.database.sql("UPDATE rows SET n = 2, f = 2.5, d = 2.25 WHERE id = 2");
    assert.equal((await lake.run()).rows, 1);
    const { fields, commits } = await readDeltaFolder(lake.out);
    assert.deepEqual([fields.map(({ name }) => name), commits.length], [
      ["id", "n", "f", "d", "v"],
      2,
    ]);
    assert.deepEqual(await deltaRows(lake.out, "id, v"), [{ id: 1, v: null }, { id: 2, v: "new" }]);
    await lake.configure("table: rows, table_format: {type: delta, write: replace}");
    await lake.run();
    const { fields: replaced } = await readDeltaFolder(lake.out);
    assert.deepEqual(replaced.map(({ type }) => type), [
      "integer",
      "long",
      "double",
      "decimal(18,2)",
      "string",
    ]);
  }));
