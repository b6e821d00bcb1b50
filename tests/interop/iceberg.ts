/**
 * `deno task interop:iceberg`: Iceberg tables read by pyiceberg, DuckDB's extension, icebird and Spark, in
 * folders, on S3 and in the catalog that Iceberg publishes for tests; and written to by Spark. No part of the gate:
 * Python's packages come from PyPI (RIVET_INTEROP_PYTHON names a Python that has them), jars from Maven
 * (RIVET_INTEROP_ICEBERG_JARS and RIVET_INTEROP_SPARK_JARS name folders that have them); Java 17.
 *
 * deno run -A tests/interop/iceberg.ts [SCENE ...]: folder, partitions, kills, icebird, rest, spark, writers
 */
import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path";
import { icebergRead } from "icebird";
import { ICEBERG_KILLS, icebergCrash, killName } from "../crash/iceberg_cases.ts";
import { VICTIMS_SQL } from "../crash/points.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { startS3 } from "../support/s3.ts";
import { python, Reader } from "./iceberg_readers.ts";
import { type RestCatalogServer, startRestCatalog } from "./iceberg_rest.ts";
import { sparkJar, sparkReads, sparkWrites } from "./iceberg_spark.ts";
import { INCREMENTAL, onStage, PARTITIONS, type Setting, type Stage } from "./iceberg_stage.ts";
import { chosen, scriptArgs } from "../../packaging/script.ts";

/** Three runs, time travel, every kill of a commit, a new column. */
export async function appends(stage: Stage): Promise<void> {
  await stage.configure(...INCREMENTAL);
  await stage.rivet("run");
  await stage.check("first run");
  for (const id of [7, 8]) {
    await stage.insert(id);
    await stage.rivet("run");
  }
  await stage.check("three runs");
  deepStrictEqual(await stage.history(), [6, 7, 8]);
  const id = await kills(stage, 9);
  await stage.database.sql("ALTER TABLE orders ADD COLUMN later int, ALTER COLUMN i4 TYPE bigint");
  await stage.database.sql(`INSERT INTO orders (id, i4, later) VALUES (${id}, 4294967296, 1)`);
  await stage.rivet("run");
  await stage.check("a new column and a wider one");
}

/** @returns the next id */
async function kills(stage: Stage, first: number): Promise<number> {
  let id = first;
  // A catalog has the metadata, and no version hint.
  const last = stage.format.includes("catalog:") ? 3 : 4;
  for (const point of ["destination.put", "destination.replace"]) {
    for (let occurrence = 1; occurrence <= last; occurrence++) {
      for (const moment of ["before", "after"]) {
        await stage.insert(id++);
        await stage.die(point, String(occurrence), moment);
        await stage.insert(id++);
        await stage.rivet("run");
        await stage.check(`killed ${moment} ${point} ${occurrence}`);
      }
    }
  }
  return id;
}

/** A repair, and a run that replaces all. */
export async function replaces(stage: Stage): Promise<void> {
  await stage.configure(
    ...["mode: chunked", "chunk_column: id", "chunk_size: 2", "chunk_checkpoint: true"],
  );
  await stage.rivet("run");
  await stage.check("chunked run");
  await stage.database.sql("DELETE FROM orders WHERE id = 3");
  await stage.rivet("repair", "-e", "orders", "--execute");
  await stage.check("repaired");
  await stage.database.sql("UPDATE orders SET name = 'new' WHERE id < 5");
  await stage.rivet("run");
  await stage.check("replaced");
  deepStrictEqual(await stage.history(), [6, 5, 5]);
}

/** Texts that are no names of folders, as partitions. */
export async function texts(stage: Stage): Promise<void> {
  stage.format = "{type: iceberg, partition_by: [{column: name}]}";
  const values = ["a/b", "100%", "%2F", "line\\nbreak", "", "a=b", "..", " ", "ž 🐎"]
    .concat("__HIVE_DEFAULT_PARTITION__", "x".repeat(300), "ž".repeat(500));
  for (const [n, value] of values.entries()) {
    await stage.insert(n + 7);
    await stage.database.sql(`UPDATE orders SET name = E'${value}' WHERE id = ${n + 7}`);
  }
  await stage.configure(...INCREMENTAL);
  await stage.rivet("run");
  await stage.check("texts as partitions");
}

async function both(setting: Setting): Promise<void> {
  await onStage(setting, appends);
  await onStage(setting, replaces);
}

/** icebird knows the plain encoding alone, and not all types. */
async function readByIcebird(reader: Reader): Promise<void> {
  const fields = ["parquet: {encoding: plain}"];
  await onStage({ reader, table: folder, format: "{type: iceberg}", fields }, async (stage) => {
    await stage.configure(...INCREMENTAL);
    for (const id of [7, 8, 9]) {
      await stage.rivet("run");
      const rows = await icebergRead({ tableUrl: `file://${folder(stage.dir)}` });
      const found = rows.map((row) => [row.id, row.b, row.i4, row.f8, row.name].map(String)).sort();
      const wanted = await stage.database.sql(
        `SELECT id, CASE WHEN b THEN 'true' WHEN NOT b THEN 'false' END, i4, f8, name FROM orders`,
      );
      const plain = (text: string | null, column: number) =>
        text === null ? "null" : column === 3 ? String(Number(text)) : text;
      deepStrictEqual(found, wanted.map((row) => row.map(plain)).sort());
      console.log(`icebird: ${rows.length} rows`);
      await stage.insert(id);
    }
  });
}

/** Every kill around a commit, in a folder and on S3; icebird reads what is left. */
async function dies(): Promise<void> {
  const database = await createDatabase(await testPostgres());
  const s3 = await startS3();
  try {
    await database.sql(VICTIMS_SQL.postgres);
    for (const store of [null, s3]) {
      for (const kill of ICEBERG_KILLS) {
        await icebergCrash({ url: database.url, s3: store }, kill);
        console.log(`${store === null ? "folder" : "S3"}, ${killName(kill)}: every row once`);
      }
    }
  } finally {
    await s3.stop();
    await database.drop();
  }
}

const folder = (dir: string) => join(dir, "lake", "orders");

interface Props {
  readonly dir: string;
  readonly program: string;
  readonly reader: Reader;
  readonly catalog: () => Promise<RestCatalogServer>;
}

const SCENES: Readonly<Record<string, (props: Props) => Promise<void>>> = {
  folder: ({ reader }) => both({ reader, table: folder, format: "{type: iceberg}" }),
  partitions: async ({ reader }) => {
    await onStage({ reader, table: folder, format: "" }, texts);
    await both({ reader, table: folder, format: `{type: iceberg, partition_by: ${PARTITIONS}}` });
  },
  kills: () => dies(),
  icebird: ({ reader }) => readByIcebird(reader),
  rest: async ({ reader, catalog }) => {
    const { uri } = await catalog();
    for (const [name, work] of [["appends", appends], ["replaces", replaces]] as const) {
      const identifier = `shop.${name}`;
      const format =
        `{type: iceberg, identifier: ${identifier}, catalog: {type: rest, uri: "${uri}"}}`;
      await onStage({ reader, table: () => `${uri} ${identifier}`, format }, work);
    }
  },
  spark: async ({ dir, program, catalog }) =>
    await sparkReads(program, await sparkJar(dir), await catalog(), { appends, replaces, texts }),
  writers: async ({ dir, program, catalog }) =>
    await sparkWrites(program, await sparkJar(dir), await catalog()),
};

async function main(): Promise<void> {
  const scenes = Object.keys(SCENES);
  const { positionals } = scriptArgs(import.meta.url, {}, Infinity);
  const names = positionals.length === 0
    ? scenes
    : chosen(import.meta.url, positionals.join(), scenes);
  const dir = await Deno.makeTempDir({ prefix: "rivet-interop-" });
  const program = await python(dir);
  const reader = new Reader(program, "iceberg.py");
  const started: Promise<RestCatalogServer>[] = [];
  try {
    for (const name of names) {
      console.log(`## ${name}`);
      const catalog = () => {
        if (started.length === 0) started.push(startRestCatalog(dir));
        return started[0];
      };
      await SCENES[name]({ dir, program, reader, catalog });
    }
  } finally {
    await reader.close();
    for (const catalog of started) await (await catalog).stop();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
