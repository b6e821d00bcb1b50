/** Spark with Iceberg's runtime: reads what Rivet writes, and writes into the same tables. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { mavenJars } from "./iceberg_maven.ts";
import { Reader } from "./iceberg_readers.ts";
import type { RestCatalogServer } from "./iceberg_rest.ts";
import { INCREMENTAL, onStage, type Setting, type Stage } from "./iceberg_stage.ts";

const RUNTIME = ["org.apache.iceberg", "iceberg-spark-runtime-3.5_2.12", "1.10.1"] as const;

/** The path of Iceberg's runtime for Spark. */
export async function sparkJar(dir: string): Promise<string> {
  const jars = Deno.env.get("RIVET_INTEROP_SPARK_JARS") ??
    await mavenJars(join(dir, "spark"), [RUNTIME]);
  return join(jars, `${RUNTIME[1]}-${RUNTIME[2]}.jar`);
}

type Work = (stage: Stage) => Promise<void>;

/** Spark's catalog of folders has all of those that are temporary: each a level of a name. */
const folder = (dir: string) => `folder.\`${basename(dir)}\`.lake.orders`;

/** Spark has no time of day. */
const FIELDS = ["columns: {clock: text}"];

async function withSpark(
  program: string,
  jar: string,
  { uri }: RestCatalogServer,
  use: (spark: Reader) => Promise<void>,
): Promise<void> {
  const spark = new Reader(program, "iceberg_spark.py", [jar, uri, tmpdir()]);
  try {
    await use(spark);
  } finally {
    await spark.close();
  }
}

/** Spark's view of a table: without a catalog by its path, or by its name. */
function places(spark: Reader, { uri }: RestCatalogServer, name: string): Setting[] {
  const catalog = `identifier: spark.${name}, catalog: {type: rest, uri: "${uri}"}`;
  return [
    { reader: spark, table: folder, format: "{type: iceberg}", fields: FIELDS },
    {
      reader: spark,
      table: () => `rest.spark.${name}`,
      format: `{type: iceberg, ${catalog}}`,
      fields: FIELDS,
    },
  ];
}

/** Every type, time travel, kills, repair, replace, and what partitions let Spark skip. */
export async function sparkReads(
  program: string,
  jar: string,
  catalog: RestCatalogServer,
  { appends, replaces, texts }: Readonly<Record<"appends" | "replaces" | "texts", Work>>,
): Promise<void> {
  await withSpark(program, jar, catalog, async (spark) => {
    await onStage(places(spark, catalog, "texts")[0], texts);
    await onStage(places(spark, catalog, "appends")[0], appends);
    for (const setting of places(spark, catalog, "replaces")) await onStage(setting, replaces);
    await prunes(spark);
  });
}

async function prunes(spark: Reader): Promise<void> {
  const by = '[{column: name, transform: "bucket[8]"}, {column: id, transform: "truncate[1]"}]';
  const format = `{type: iceberg, partition_by: ${by}}`;
  await onStage({ reader: spark, table: folder, format, fields: FIELDS }, async (stage) => {
    await stage.configure(...INCREMENTAL);
    await stage.rivet("run");
    await stage.check("partitions");
    const planned = (column: string, value: unknown) =>
      spark.ask("planned", { table: stage.table, column, value });
    strictEqual(await planned("id", 4), 1);
    strictEqual(await planned("id", 99), 0);
    ok(await planned("name", "x".repeat(200)) as number < 6);
  });
}

/** What other engines do with a table of ours, and what Rivet does with it then. */
export async function sparkWrites(
  program: string,
  jar: string,
  catalog: RestCatalogServer,
): Promise<void> {
  await withSpark(program, jar, catalog, async (spark) => {
    for (const setting of places(spark, catalog, "written")) {
      await onStage(setting, (stage) => written(spark, stage));
    }
    await onStage(
      { ...places(spark, catalog, "x")[0], format: "{type: iceberg}" },
      versions(spark),
    );
  });
}

class Writer {
  readonly #spark: Reader;
  readonly #table: string;
  readonly #catalog: string;

  constructor(spark: Reader, table: string) {
    this.#spark = spark;
    this.#table = table;
    this.#catalog = table.split(".")[0];
  }

  sql(text: string): Promise<string[][]> {
    return this.#spark.ask("sql", {
      table: this.#table,
      sql: text.replaceAll("TABLE_", this.#table),
    });
  }

  call(procedure: string, args = ""): Promise<string[][]> {
    const table = this.#table.slice(this.#catalog.length + 1);
    return this.sql(
      `CALL ${this.#catalog}.system.${procedure}(table => '${table}'${args && `, ${args}`})`,
    );
  }

  /** A row like the row 4, under another id; `last` in the place of its last column. */
  async insert(id: number, last?: string): Promise<void> {
    const described = await this.sql("DESCRIBE TABLE_");
    const end = described.findIndex(([name]) => name === "" || name.startsWith("#"));
    const names = described.slice(1, end < 0 ? undefined : end).map(([name]) => name);
    if (last !== undefined) names.splice(-1, 1, last);
    await this.sql(`INSERT INTO TABLE_ SELECT ${id}, ${names.join(", ")} FROM TABLE_ WHERE id = 4`);
  }

  async ids(): Promise<number[]> {
    return (await this.sql("SELECT id FROM TABLE_ ORDER BY id")).map(([id]) => Number(id));
  }
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n);

const PROPERTIES = {
  "write.metadata.compression-codec": "gzip",
  "write.avro.compression-codec": "zstd",
  "write.delete.mode": "merge-on-read",
  "write.update.mode": "merge-on-read",
};

function properties(of: Readonly<Record<string, string>>): string {
  return Object.entries(of).map(([key, value]) => `'${key}' = '${value}'`).join(", ");
}

async function written(spark: Reader, stage: Stage): Promise<void> {
  const writer = new Writer(spark, stage.table);
  let next = 7;
  const gone = new Set<number>();
  const extra: number[] = [];
  /** Rivet appends and validates; all that others did stays. */
  const appended = async (what: string) => {
    await stage.insert(next++);
    await stage.rivet("run");
    const report = await stage.rivet("validate");
    const wanted = [...range(1, next - 1).filter((id) => !gone.has(id)), ...extra];
    deepStrictEqual(await writer.ids(), wanted.sort((a, b) => a - b), what);
    console.log(`${what}: ${wanted.length} rows; ${report.trim().split("\n").at(-1)}`);
  };
  await stage.configure(...INCREMENTAL);
  await appended("first run");
  await writer.insert(1001);
  extra.push(1001);
  await appended("after an insert");
  await writer.sql("DELETE FROM TABLE_ WHERE id = 2");
  gone.add(2);
  await appended("after a delete, the file written anew");
  await writer.sql(`ALTER TABLE TABLE_ SET TBLPROPERTIES (${properties(PROPERTIES)})`);
  await appended("after gzip for metadata and zstd for manifests");
  await writer.sql("DELETE FROM TABLE_ WHERE id = 3");
  gone.add(3);
  await appended("after a delete in a delete file");
  await writer.sql(
    "ALTER TABLE TABLE_ SET TBLPROPERTIES ('write.avro.compression-codec' = 'snappy')",
  );
  await writer.sql("UPDATE TABLE_ SET name = 'other' WHERE id = 4");
  await appended("after an update, with snappy");
  await writer.call("rewrite_manifests");
  await appended("after rewrite_manifests");
  await writer.call("rewrite_data_files", "options => map('rewrite-all', 'true')");
  await appended("after rewrite_data_files");
  const now = new Date(Date.now() + 1000).toISOString().replace("T", " ").replace("Z", "");
  await writer.call("expire_snapshots", `older_than => TIMESTAMP '${now}', retain_last => 1`);
  await appended("after expire_snapshots");
  await orphans(stage, writer);
  await appended("after remove_orphan_files");
  await writer.sql("ALTER TABLE TABLE_ ADD COLUMN struct_ STRUCT<a: INT, b: MAP<STRING, INT>>");
  await writer.insert(1002, "struct(1, map('k', 2))");
  extra.push(1002);
  await appended("after a column of a struct");
  await replaced(stage, writer);
}

/** What is old and no file of the table's goes, as a killed run's do; manifests are kept by their folder's name. */
async function orphans({ dir }: Stage, writer: Writer): Promise<void> {
  const orphan = join(dir, "lake", "orders", "orders_of_a_killed_run.parquet");
  await Deno.writeTextFile(orphan, "");
  const old = new Date(Date.now() - 10 * 86_400_000);
  for await (const { path, isFile } of walk(join(dir, "lake"))) {
    if (isFile) await Deno.utime(path, old, old);
  }
  const removed = (await writer.call("remove_orphan_files")).map(([path]) => basename(path));
  ok(removed.includes(basename(orphan)), removed.join(", "));
}

async function* walk(dir: string): AsyncGenerator<{ path: string; isFile: boolean }> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(dir)) {
    const path = join(dir, name);
    yield { path, isFile };
    if (isDirectory) yield* walk(path);
  }
}

async function replaced(stage: Stage, writer: Writer): Promise<void> {
  await writer.sql("DELETE FROM TABLE_ WHERE id = 1");
  await stage.configure("mode: full");
  await stage.rivet("run");
  await stage.check("replaced");
  strictEqual((await writer.sql("SELECT * FROM TABLE_.delete_files")).length, 0);
  await stage.rivet("validate");
}

/** Tables that Spark made, of each version of the format. */
function versions(spark: Reader): Work {
  return async (stage) => {
    const writer = new Writer(spark, stage.table);
    const path = join(stage.dir, "lake", "orders");
    const create = async (version: number, by = "") => {
      await Deno.remove(path, { recursive: true }).catch(() => {});
      await writer.sql(
        `CREATE TABLE TABLE_ (id BIGINT NOT NULL, name STRING, at TIMESTAMP_NTZ) USING iceberg ${by} ` +
          `TBLPROPERTIES ('format-version' = '${version}')`,
      );
    };
    await stage.configure(...INCREMENTAL);
    for (const version of [1, 3]) {
      await create(version);
      match(await stage.refused("run"), new RegExp(`format version ${version}`));
    }
    await create(2, "PARTITIONED BY (truncate(4, id))");
    match(await stage.refused("run"), /partitioned by truncate\[4\]\(id\)/);
    await writer.sql("INSERT INTO TABLE_ VALUES (1001, 'spark', NULL)");
    stage.format = '{type: iceberg, partition_by: [{column: id, transform: "truncate[4]"}]}';
    await stage.configure(...INCREMENTAL);
    await stage.rivet("run");
    deepStrictEqual(await writer.ids(), [...range(1, 6), 1001]);
    await stage.rivet("validate");
    console.log("tables that Spark made: version 2 taken, 1 and 3 refused");
  };
}
