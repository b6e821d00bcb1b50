/** Repairs and checkpoints of tables, killed around each object that they write; then whoever comes next goes on. */
import assert from "node:assert/strict";
import { icebergRead } from "icebird";
import { Lake } from "../live/tables/harness.ts";
import { endOf } from "../support/pulse.ts";
import { deltaRows } from "../support/read_delta.ts";
import { startVictim } from "./crash_cases.ts";

export type Format = "delta" | "iceberg";
export type KillAt = readonly [point: string, occurrence: number, moment: "before" | "after"];

const ROWS = "CREATE TABLE rows (id int PRIMARY KEY, v text NOT NULL);" +
  "INSERT INTO rows SELECT i, 'v' || i FROM generate_series(1, 100) i";
/** Icebird knows dictionaries and plain values alone. */
const FIELDS = "parquet: {encoding: plain}, table_format";

async function tableRows(format: Format, dir: string): Promise<string[]> {
  const rows = format === "delta"
    ? await deltaRows(dir, "id, v")
    : await icebergRead({ tableUrl: `file://${dir}` });
  return rows.map(({ id, v }) => `${id} ${v}`).sort();
}

async function assertSame(format: Format, { out, database }: Lake, what: string): Promise<void> {
  const source = await database.sql("SELECT id, v FROM rows");
  assert.deepEqual(
    await tableRows(format, out),
    source.map(([id, v]) => `${id} ${v}`).sort(),
    what,
  );
}

/** @returns whether the point was reached. */
async function die({ dir }: Lake, [point, occurrence, moment]: KillAt, mode = "") {
  const { signal } = await endOf(
    startVictim({ dir, stateUrl: null }, point, String(occurrence), moment, mode),
  );
  return signal === "SIGKILL";
}

/** A repair of two chunks dies; the next one, and a run after it, leave what the source has. */
export async function killRepair(format: Format, at: KillAt): Promise<boolean> {
  let reached = false;
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(
      `table: rows, mode: chunked, chunk_size: 25, chunk_checkpoint: true, ${FIELDS}: {type: ${format}}`,
    );
    await lake.run();
    const before = await tableRows(format, lake.out);
    await lake.database.sql(
      "DELETE FROM rows WHERE id = 30; UPDATE rows SET v = 'new' WHERE id = 79; DELETE FROM rows WHERE id = 80",
    );
    reached = await die(lake, at, "--repair");
    const between = await tableRows(format, lake.out);
    if (between.join() !== before.join()) await assertSame(format, lake, "half a repair is seen");
    // One that did not die has left nothing to repair.
    if (reached) await lake.repair();
    await assertSame(format, lake, `repaired after ${at.join(" ")}`);
    await lake.database.sql("DELETE FROM rows WHERE id > 90");
    await lake.run();
    await assertSame(format, lake, `run after ${at.join(" ")}`);
  });
  return reached;
}

/** The run that makes version 10 of a Delta table dies; the next one leaves what the source has. */
export async function killCheckpoint(at: KillAt): Promise<boolean> {
  let reached = false;
  await Lake.with(ROWS, async (lake) => {
    await lake.configure(
      `table: rows, mode: incremental, cursor_column: id, ${FIELDS}: {type: delta}`,
    );
    const grow = (id: number) => lake.database.sql(`INSERT INTO rows VALUES (${id}, 'more')`);
    for (let id = 101; id <= 110; id++) {
      await lake.run();
      await grow(id);
    }
    reached = await die(lake, at);
    await grow(111);
    await lake.run();
    await assertSame("delta", lake, at.join(" "));
    await grow(112);
    await lake.run();
    await assertSame("delta", lake, `a run more after ${at.join(" ")}`);
  });
  return reached;
}
