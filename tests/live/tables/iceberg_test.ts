/** Runs that end in an Iceberg table, killed and repaired, read by another reader: it equals the source. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { icebergManifests, icebergMetadata, icebergRead } from "icebird";
import { formatJson } from "../../../adapters/tables/iceberg/json.ts";
import { column } from "../../support/batches.ts";
import { commitOf, fileOf, storeAt, tableAt } from "../../support/iceberg.ts";
import { type Bench, failure, onBench, succeeded } from "../repair/bench.ts";
import { CREDENTIAL, startCatalog, WAREHOUSE } from "../../support/iceberg_catalog.ts";
import { readDeltaFolder } from "../../support/read_delta.ts";
import { Lake } from "./harness.ts";

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

Deno.test("iceberg: doctor opens the table through its catalog, and says what is wrong", async () => {
  const catalog = startCatalog();
  try {
    await onBench(async (b) => {
      const doctor = async (credential: string, warehouse: string) => {
        Deno.env.set("RIVET_TEST_CATALOG_CREDENTIAL", credential);
        await b.configure(
          ...INCREMENTAL,
          `table_format: {type: iceberg, identifier: shop.orders, catalog: {type: rest, ` +
            `uri: "${catalog.uri}", warehouse: ${warehouse}, ` +
            "credential_env: RIVET_TEST_CATALOG_CREDENTIAL}}",
        );
        const { code, out } = await b.rivet("doctor", "--json");
        const { checks } = JSON.parse(out) as { checks: Record<string, string>[] };
        const { status, code: error } = checks.find(({ check }) => check === "table") ?? {};
        return [code, status, error];
      };
      deepStrictEqual(await doctor(CREDENTIAL, WAREHOUSE), [0, "ok", null]);
      deepStrictEqual(await doctor("rivet:wr0ng", WAREHOUSE), [1, "fail", "DESTINATION_AUTH"]);
      deepStrictEqual(await doctor(CREDENTIAL, "pond"), [1, "fail", "DESTINATION_NOT_FOUND"]);
    });
  } finally {
    await catalog.close();
  }
});

Deno.test("iceberg: a commit that is made and never answered leaves the run open, and is made once", async () => {
  const catalog = startCatalog();
  Deno.env.set("RIVET_TEST_CATALOG_CREDENTIAL", CREDENTIAL);
  try {
    await Lake.with("CREATE TABLE rows AS SELECT generate_series(1, 3) AS id", async (lake) => {
      await lake.configure(
        "table: rows, mode: incremental, cursor_column: id, format: parquet, " +
          "parquet: {encoding: plain}, table_format: {type: iceberg, identifier: shop.rows, " +
          `catalog: {type: rest, uri: "${catalog.uri}", warehouse: ${WAREHOUSE}, ` +
          "credential_env: RIVET_TEST_CATALOG_CREDENTIAL}}",
      );
      catalog.fates.push("last words");
      const { status, error } = await lake.tryRun();
      strictEqual(status, "failed");
      match(error?.message ?? "", /HTTP 502: <h1>Bad gateway/);
      catalog.isDown = false;
      await lake.database.sql("INSERT INTO rows VALUES (4)");
      strictEqual((await lake.run()).rows, 1, "what is committed is not read again");
      const metadata = JSON.parse(formatJson(catalog.metadata("shop.rows")));
      const found = await icebergRead({ tableUrl: `file://${lake.out}`, metadata });
      deepStrictEqual(found.map(({ id }) => id).sort(), [1, 2, 3, 4]);
      strictEqual(metadata.snapshots.length, 2);
      deepStrictEqual(await lake.validate(), { codes: [], warnings: [] });
    });
  } finally {
    await catalog.close();
  }
});

/** What a folder's name cannot be, and what looks like something else. */
const VALUES = ["a/b", "100%", "%2F", "line\nbreak", "", null, "žluť 🐎", "a=b", "..", " "]
  .concat("__HIVE_DEFAULT_PARTITION__", "x".repeat(300), `${"x".repeat(300)}/`, "ž".repeat(500));

Deno.test("texts of every kind and length are partitions of both formats", async () => {
  const texts = VALUES.filter((value) => value !== "");
  await Lake.with("CREATE TABLE rows (id int, name text)", async (lake) => {
    const insert = async (name: string | null, id: number) => {
      const text = name === null ? "NULL" : `E'${name.replaceAll("\n", "\\n")}'`;
      await lake.database.sql(`INSERT INTO rows VALUES (${id}, ${text})`);
    };
    for (const [id, name] of texts.entries()) await insert(name, id);
    const fields = (type: string) =>
      `table: rows, mode: full, format: parquet, parquet: {encoding: plain}, ` +
      `table_format: {type: ${type}, partition_by: [{column: name}]}`;
    await lake.configure(fields("delta"), "{type: local, path: ./delta}");
    await lake.run();
    const { files } = await readDeltaFolder(join(lake.dir, "delta"));
    const values = [...files.values()].map(({ partitionValues }) =>
      (partitionValues as Record<string, string | null>).name ?? null
    );
    deepStrictEqual(values.sort(), [...texts].sort());
    await insert("", texts.length);
    await lake.configure(fields("iceberg"));
    await lake.run();
    // The reader takes names for URLs; the interop script has others read such files.
    const manifests = await icebergManifests(
      await icebergMetadata({ tableUrl: `file://${lake.out}` }),
    );
    const partitions = manifests.flatMap(({ entries }) =>
      entries.map(({ data_file: { partition } }) => Object.values(partition as object)[0] ?? null)
    );
    deepStrictEqual(partitions.sort(), [...VALUES].sort());
    deepStrictEqual(await lake.validate(), { codes: [], warnings: [] });
  });
});

/** Points the branch at an older snapshot, as `rollback_to_snapshot` does. */
async function rollBack(out: string, version: number): Promise<void> {
  const file = (number: number) => join(out, "metadata", `v${number}.metadata.json`);
  const metadata = JSON.parse(await Deno.readTextFile(file(version)));
  const id = metadata.snapshots[0]["snapshot-id"];
  metadata["current-snapshot-id"] = metadata.refs.main["snapshot-id"] = id;
  await Deno.writeTextFile(file(version + 1), JSON.stringify(metadata));
}

Deno.test("iceberg: validate tells a run that was dropped from one that was rewritten", async () => {
  await Lake.with("CREATE TABLE rows AS SELECT generate_series(1, 3) AS id", async (lake) => {
    await lake.configure(
      "table: rows, mode: incremental, cursor_column: id, format: parquet, " +
        "table_format: {type: iceberg}",
    );
    await lake.run();
    await lake.database.sql("INSERT INTO rows VALUES (4)");
    await lake.run();
    deepStrictEqual(await lake.validate(), { codes: [], warnings: [] });
    // Another engine puts the rows into a file of its own, and removes what nobody needs any more.
    const store = await storeAt(lake.out);
    const engine = await tableAt(store, {}, undefined, "compaction");
    const before = await engine.files();
    const columns = [column("id", { kind: "int", bits: 32, signed: true })];
    const file = await fileOf(engine, lake.out, "compact.parquet", columns, [[1], [2], [3], [4]], {
      write: "replace",
    });
    await engine.commit(commitOf(1, columns, [file], { write: "replace" }));
    for (const path of before) await Deno.remove(join(lake.out, path));
    const { codes, warnings } = await lake.validate();
    deepStrictEqual(codes, []);
    match(warnings.join(), /is another writer's, and does not name rows_.*\.parquet/);
    await rollBack(lake.out, 3);
    const rolledBack = await lake.validate();
    deepStrictEqual(rolledBack.codes.sort(), ["part_missing", "table_lacks_run"]);
    await Deno.remove(join(lake.out, "metadata"), { recursive: true });
    deepStrictEqual((await lake.validate()).codes.sort(), ["part_missing", "table_missing"]);
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
