/** A table whose rows several processes write: one commit, by the finish, and what it would refuse is refused first. */
import assert from "node:assert/strict";
import { icebergRead } from "icebird";
import { TABLE_TYPES } from "../../../core/config/table_formats.ts";
import { deltaRows } from "../../support/read_delta.ts";
import { filesBelow, onBench, range, SOURCE, succeeded } from "../plan/bench.ts";
import { stateDatabase } from "../state/state_database.ts";

const TABLE =
  "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, i FROM generate_series(1, 40) i";

/** The ids that a reader of the table finds, ascending; null while there is no table. */
const READERS: Record<typeof TABLE_TYPES[number], (dir: string) => Promise<number[] | null>> = {
  delta: async (dir) => {
    const there = await Deno.stat(`${dir}/_delta_log`).then(() => true, () => false);
    return there
      ? (await deltaRows(dir, "id")).map(({ id }) => Number(id)).sort((a, b) => a - b)
      : null;
  },
  iceberg: async (dir) => {
    const there = await Deno.stat(`${dir}/metadata`).then(() => true, () => false);
    if (!there) return null;
    return (await icebergRead({ tableUrl: `file://${dir}` })).map(({ id }) => Number(id)).sort((
      a,
      b,
    ) => a - b);
  },
};

for (const type of TABLE_TYPES) {
  Deno.test(`${type}: tasks write the parts of one commit, and read nothing that it would refuse`, async () => {
    const state = await stateDatabase();
    try {
      await onBench(async (bench) => {
        const rows = () => READERS[type](bench.path("out"));
        const parts = async () =>
          (await Array.fromAsync(filesBelow(bench.path("out"))))
            .filter((path) => path.endsWith(".parquet")).sort();
        const plan = async (name: string) =>
          succeeded(await bench.rivet("plan", "-c", "rivet.yaml", "--format", "json", "-o", name));
        await bench.db.sql(TABLE);
        await bench.write(
          "rivet.yaml",
          `${SOURCE}exports:
  - {name: t, table: t, mode: chunked, chunk_column: id, chunk_size: 10, parquet: {encoding: plain},
     table_format: {type: ${type}, write: append}, destination: {type: local, path: ./out}}\n`,
        );
        bench.env.RIVET_STATE_URL = state.url;
        await plan("first.json");
        succeeded(await bench.rivet("apply", "first.json", "--task", "0/2"));
        assert.notEqual((await bench.rivet("apply", "first.json", "--finish")).code, 0);
        succeeded(await bench.rivet("apply", "first.json", "--task", "1/2"));
        assert.equal((await rows())?.length ?? 0, 0, "tasks commit nothing");
        for (let time = 0; time < 2; time++) {
          succeeded(await bench.rivet("apply", "first.json", "--finish"));
          assert.deepEqual(await rows(), range(1, 40));
        }

        const written = await parts();
        await bench.db.sql("ALTER TABLE t ALTER COLUMN n TYPE text");
        await plan("second.json");
        const { code, out, err } = await bench.rivet("apply", "second.json", "--task", "0/2");
        assert.equal(code === 0, false, out);
        assert.match(err, /(["'])n\1 is int(eger there, and comes as| in the table and) string/);
        assert.deepEqual(await parts(), written, "no chunk of the second plan was read");
        assert.deepEqual(await rows(), range(1, 40));
      });
    } finally {
      await state.drop();
    }
  });
}
