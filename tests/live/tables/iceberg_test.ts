/** Runs that end in an Iceberg table, killed and repaired, read by another reader: it equals the source. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { icebergMetadata, icebergRead } from "icebird";
import { type Bench, failure, onBench, succeeded } from "../repair/bench.ts";

const TABLE = "table_format: {type: iceberg}";
const PARQUET = "format: parquet";
/** The reader knows dictionaries and plain values alone. */
const PLAIN = "parquet: {encoding: plain}";

async function rows({ out }: Bench): Promise<string[]> {
  const found = await icebergRead({ tableUrl: `file://${out}` });
  found.sort((a, b) => Number(a.id) - Number(b.id));
  return found.map(({ id, value }) => `${id},${value}`);
}

async function snapshots({ out }: Bench): Promise<number> {
  return (await icebergMetadata({ tableUrl: `file://${out}` })).snapshots?.length ?? 0;
}

const INCREMENTAL = ["mode: incremental", "cursor_column: id", "chunk_column:", "chunk_size:"]
  .concat("chunk_checkpoint:", PARQUET, PLAIN, TABLE);

Deno.test("iceberg: incremental runs append, killed around the commit too, and lose and double nothing", async () => {
  await onBench(async (b) => {
    await b.configure(...INCREMENTAL);
    succeeded(await b.rivet("run"));
    deepStrictEqual(await rows(b), await b.source());
    // The part, its manifest, the manifest list, the metadata; and the version hint.
    let committed = 1;
    for (
      const [point, occurrence, moment] of [
        ["destination.put", 4, "before"],
        ["destination.put", 4, "after"],
      ] as const
    ) {
      await b.database.sql("INSERT INTO orders SELECT max(id) + 2, 'more' FROM orders");
      const died = await b.victim(point, String(occurrence), moment);
      strictEqual(died.signal, "SIGKILL", died.err);
      strictEqual(await snapshots(b), committed, "the version hint is not there yet");
      await b.database.sql("INSERT INTO orders SELECT max(id) + 2, 'next' FROM orders");
      succeeded(await b.rivet("run"));
      deepStrictEqual(await rows(b), await b.source());
      committed += 2;
      strictEqual(await snapshots(b), committed);
    }
  });
});

Deno.test("iceberg: a repair swaps the chunk's files in one commit, and a full run replaces all", async () => {
  await onBench(async (b) => {
    await b.configure(PARQUET, PLAIN, TABLE);
    succeeded(await b.rivet("run"));
    deepStrictEqual(await rows(b), await b.source());
    await b.database.sql(
      "INSERT INTO orders VALUES (701, 'new'); DELETE FROM orders WHERE id = 1600",
    );
    succeeded(await b.rivet("repair", "-e", "orders", "--execute"));
    deepStrictEqual(await rows(b), await b.source());
    strictEqual(await snapshots(b), 2);
    await b.database.sql("DELETE FROM orders WHERE id > 100");
    succeeded(await b.rivet("run"));
    deepStrictEqual(await rows(b), await b.source());
    strictEqual(await snapshots(b), 3);
    succeeded(await b.rivet("validate"));
  });
});

Deno.test("iceberg: what the table has no equal for is refused before a row is read", async () => {
  await onBench(async (b) => {
    const query = `query: "SELECT id, timestamp '2026-01-30' AS value FROM orders"`;
    await b.configure(...INCREMENTAL, query, "columns: {value: timestamp_ns}");
    const { code, error } = failure(await b.rivet("run", "--json-errors"), 1);
    strictEqual(code, "TYPE_UNSUPPORTED");
    match(error, /column "value" is timestamp_ns: version 2 has no nanoseconds/);
  });
});
