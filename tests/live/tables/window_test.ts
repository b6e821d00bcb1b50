/** Time windows that replace their partitions of a table: nothing before them is lost, nothing in them doubled. */
import assert from "node:assert/strict";
import { icebergRead } from "icebird";
import { deltaRows } from "../../support/read_delta.ts";
import { Lake } from "./harness.ts";

/** `age`: days before now. The row of the first moment of a window's first day is before the window's own start. */
const row = (id: number, age: number, more = "") =>
  `INSERT INTO rows VALUES (${id}, 'v${id}', (now() AT TIME ZONE 'utc' - interval '${age} days')${more});`;

const ROWS = "CREATE TABLE rows (id int PRIMARY KEY, v text, at timestamp);" +
  [1, 2, 10, 11, 40].map((age) => row(age, age)).join("") +
  "INSERT INTO rows VALUES (3, 'v3', date_trunc('day', now() AT TIME ZONE 'utc' - interval '3 days'));" +
  "INSERT INTO rows VALUES (99, 'never', NULL);";

type Read = (dir: string) => Promise<{ id: number; v: string }[]>;

const READERS: Readonly<Record<"delta" | "iceberg", Read>> = {
  delta: async (dir) => (await deltaRows(dir, "id, v")) as { id: number; v: string }[],
  iceberg: async (dir) =>
    (await icebergRead({ tableUrl: `file://${dir}` })) as { id: number; v: string }[],
};

for (const [type, read] of Object.entries(READERS)) {
  const rows = async ({ out }: Lake) =>
    (await read(out)).map(({ id, v }) => `${id} ${v}`).sort((a, b) => parseInt(a) - parseInt(b));
  const configure = (lake: Lake, days: number, transform = "day") =>
    lake.configure(
      `table: rows, mode: time_window, time_column: at, days_window: ${days}, parquet: {encoding: plain}, ` +
        `table_format: {type: ${type}, partition_by: [{column: at, transform: ${transform}}]}`,
    );

  Deno.test(`${type}: a window replaces the days that it reads, and older days stay`, () =>
    Lake.with(ROWS, async (lake) => {
      await configure(lake, 30);
      await lake.run();
      assert.deepEqual(await rows(lake), ["1 v1", "2 v2", "3 v3", "10 v10", "11 v11"]);
      // A smaller window: late rows in it come, what is gone goes, and what lies before it is not looked at.
      await lake.database.sql(
        row(4, 2) + row(12, 10) + "DELETE FROM rows WHERE id IN (1, 11); " +
          "UPDATE rows SET v = 'new' WHERE id IN (2, 10)",
      );
      await configure(lake, 3);
      await lake.run();
      assert.deepEqual(await rows(lake), ["2 new", "3 v3", "4 v4", "10 v10", "11 v11"]);
      assert.deepEqual(await lake.validate(), { codes: [], warnings: [] });
      // One that overlaps both: the days of either are what the source has now.
      await configure(lake, 15);
      await lake.run();
      assert.deepEqual(await rows(lake), ["2 new", "3 v3", "4 v4", "10 new", "12 v12"]);
      // Without a row in the window its days are empty, and no other is.
      await lake.database.sql("DELETE FROM rows WHERE id < 10");
      await configure(lake, 5);
      await lake.run();
      assert.deepEqual(await rows(lake), ["10 new", "12 v12"]);
    }));
}

Deno.test("delta: a replaced window keeps older rows' columns, and takes new ones", () =>
  Lake.with(ROWS, async (lake) => {
    const configure = (days: number) =>
      lake.configure(
        `table: rows, mode: time_window, time_column: at, days_window: ${days}, ` +
          "table_format: {type: delta, partition_by: [{column: at, transform: month}]}",
      );
    await configure(150);
    await lake.run();
    await lake.database.sql("ALTER TABLE rows ADD COLUMN more int; UPDATE rows SET more = id");
    await configure(1);
    await lake.run();
    const found = await deltaRows(lake.out, "id, more");
    assert.deepEqual(found.map(({ id }) => Number(id)).sort((a, b) => a - b), [
      1,
      2,
      3,
      10,
      11,
      40,
    ]);
    const old = found.find(({ id }) => id === 40);
    assert.equal(old?.more, null, "more than a month before the window");
    assert.equal(found.find(({ id }) => id === 1)?.more, 1);
    await lake.database.sql("ALTER TABLE rows ALTER COLUMN v TYPE int USING id");
    assert.equal((await lake.tryRun()).error?.code, "TABLE_SCHEMA");
  }));
