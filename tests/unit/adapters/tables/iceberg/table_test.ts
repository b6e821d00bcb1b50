/** Commits to a table in a folder, read back by icebird, which shares no code with the writer. */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { parquetMetadata } from "hyparquet";
import { icebergManifests, icebergMetadata, icebergRead } from "icebird";
import {
  decodeManifestList,
  liveEntries,
} from "../../../../../adapters/tables/iceberg/manifest.ts";
import { icebergType } from "../../../../../adapters/tables/iceberg/types.ts";
import type { Table, TableStore } from "../../../../../core/ports/table_format.ts";
import type { Column, RivetType } from "../../../../../core/types/types.ts";
import { column, type Value } from "../../../../support/batches.ts";
import { commitOf, fileOf, storeAt, tableAt } from "../../../../support/iceberg.ts";
import { TYPE_SAMPLES } from "../../../../support/type_samples.ts";

const INT: RivetType = { kind: "int", bits: 32, signed: true };
const LONG: RivetType = { kind: "int", bits: 64, signed: true };
const TEXT: RivetType = { kind: "text" };
const COLUMNS: readonly Column[] = [column("id", INT), column("name", TEXT)];

interface Place {
  readonly dir: string;
  readonly store: TableStore;
  readonly open: () => Promise<Table>;
}

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-iceberg-" });
  try {
    const store = await storeAt(dir);
    await use({ dir, store, open: () => tableAt(store) });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** As a reader finds it: by the version hint. */
async function read(dir: string): Promise<Record<string, unknown>[]> {
  return await icebergRead({ tableUrl: `file://${dir}` });
}

/** One commit of one file. */
async function add(
  { dir, open }: Place,
  sequence: number,
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
  write: "append" | "replace" = "append",
): Promise<string> {
  const table = await open();
  const path = `part_${sequence}.parquet`;
  const file = await fileOf(table, dir, path, columns, rows, { write });
  const { id } = await table.commit(commitOf(sequence, columns, [file], { write }));
  return id;
}

Deno.test("every type that the table has is read by another reader, NULLs included", async () => {
  await withPlace(async (place) => {
    const samples = TYPE_SAMPLES.filter(({ type }) => "type" in icebergType(type, () => 0));
    strictEqual(samples.length, 42);
    const columns = samples.map(({ type }, c) => column(`c${c}`, type));
    const longest = Math.max(...samples.map(({ values }) => values.length));
    const rows = Array.from(
      { length: longest + 1 },
      (_, r) => samples.map(({ values }) => values[r] ?? null),
    );
    await add(place, 1, columns, rows);
    const found = await read(place.dir);
    strictEqual(found.length, rows.length);
    // Those that the reader gives back as they are; the interop script compares the others.
    const plain = ["bool", "int", "float", "text", "interval"];
    columns.forEach(({ name, type }, c) => {
      for (const [r, row] of rows.entries()) {
        const value = found[r][name];
        strictEqual(value === null || value === undefined, row[c] === null, `${name} ${r}`);
        if (plain.includes(type.kind)) deepStrictEqual(value ?? null, row[c], `${name} ${r}`);
      }
    });
  });
});

Deno.test("runs append, and a repeated commit of a run finds itself", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    const second = await add(place, 2, COLUMNS, [[2, "b"], [3, null]]);
    const table = await place.open();
    strictEqual(table.lastSequence, 2);
    const again = await fileOf(table, place.dir, "part_2b.parquet", COLUMNS, [[2, "b"]]);
    strictEqual((await table.commit(commitOf(2, COLUMNS, [again]))).id, second);
    deepStrictEqual([...await table.files()].sort(), ["part_1.parquet", "part_2.parquet"]);
    deepStrictEqual((await read(place.dir)).map(({ id }) => id).sort(), [1, 2, 3]);
  });
});

Deno.test("replace takes the place of all rows in one commit, and time travel still finds them", async () => {
  await withPlace(async (place) => {
    const first = await add(place, 1, COLUMNS, [[1, "a"]]);
    await add(place, 2, COLUMNS, [[2, "b"]], "replace");
    deepStrictEqual(await read(place.dir), [{ id: 2, name: "b" }]);
    const metadata = await icebergMetadata({ tableUrl: `file://${place.dir}` });
    const { snapshots } = metadata;
    deepStrictEqual(snapshots?.map(({ summary }) => summary.operation), ["append", "overwrite"]);
    deepStrictEqual(snapshots?.map(({ summary }) => summary["total-records"]), ["1", "1"]);
    const summary: Record<string, string> = { ...snapshots?.[1].summary };
    strictEqual(summary["deleted-records"], "1");
    const then = { ...metadata, "current-snapshot-id": Number(first) };
    deepStrictEqual(await icebergRead({ tableUrl: `file://${place.dir}`, metadata: then }), [
      { id: 1, name: "a" },
    ]);
  });
});

Deno.test("a correction swaps the files of its run, once, and nothing else", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    await add(place, 2, COLUMNS, [[2, "wrong"]]);
    const table = await place.open();
    const right = await fileOf(table, place.dir, "part_2r.parquet", COLUMNS, [[2, "right"]]);
    const amend = commitOf(3, COLUMNS, [right], { write: "amend", removed: ["part_2.parquet"] });
    const { id } = await table.commit(amend);
    strictEqual((await (await place.open()).commit(amend)).id, id);
    const names = (await read(place.dir)).map(({ name }) => name).sort();
    deepStrictEqual(names, ["a", "right"]);
    const [entry] = (await icebergManifests(
      await icebergMetadata({ tableUrl: `file://${place.dir}` }),
    )).flatMap(({ entries }) => entries).filter(({ status }) => status === 2);
    ok(entry.data_file.file_path.endsWith("/part_2.parquet"));
    const gone = commitOf(4, COLUMNS, [], { write: "amend", removed: ["part_2.parquet"] });
    strictEqual((await table.commit(gone)).id, id);
    const lost = await fileOf(table, place.dir, "part_9.parquet", COLUMNS, [[9, "z"]]);
    await rejects(
      table.commit(commitOf(5, COLUMNS, [lost], { write: "amend", removed: ["part_2.parquet"] })),
      { code: "TABLE_CONFLICT" },
    );
  });
});

Deno.test("new and wider columns keep the ids of the others; what is something else is refused", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    const wide = [column("extra", { kind: "date" }), column("id", LONG), column("name", TEXT)];
    await add(place, 2, wide, [[3, 2n ** 40n, "b"]]);
    await add(place, 3, [column("id", INT)], [[3]]);
    const metadata = await icebergMetadata({ tableUrl: `file://${place.dir}` });
    const fields = metadata.schemas.at(-1)?.fields.map(({ id, name, type }) => [id, name, type]);
    deepStrictEqual(fields, [[1, "id", "long"], [2, "name", "string"], [3, "extra", "date"]]);
    const table = await place.open();
    const text = [column("id", TEXT), column("name", TEXT)];
    throws(() => table.check(text, "append"), {
      code: "TABLE_SCHEMA",
      message: /'id' is long in the table and string now/,
    });
    table.check(text, "replace");
    await add(place, 4, text, [["x", "y"]], "replace");
    deepStrictEqual(await read(place.dir), [{ id: "x", name: "y" }]);
    strictEqual((await place.open()).fieldIds(text, "append")?.get("id")?.id, 4);
  });
});

Deno.test("types without an equal are refused by name, with what to write", async () => {
  await withPlace(async ({ open }) => {
    const table = await open();
    const cases: readonly (readonly [RivetType, string])[] = [
      [{ kind: "int", bits: 64, signed: false }, "c: decimal(20,0)"],
      [{ kind: "decimal", precision: 39, scale: 3 }, "c: text"],
      [{ kind: "timestamp", unit: "ns", utc: true }, "c: timestamp_tz"],
      [{ kind: "list", element: { kind: "int", bits: 64, signed: false } }, "c: decimal(20,0)[]"],
    ];
    for (const [type, override] of cases) {
      throws(() => table.check([column("c", type)], "append"), {
        code: "TYPE_UNSUPPORTED",
        message: /column "c" is /,
        hint: `Write under the export: columns: {${override}}`,
      });
    }
  });
});

Deno.test("two writers: appends both stay, and a replaced table is not replaced over another's", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    const commit = async (write: "append" | "replace", sequence: number, exportName: string) => {
      let other: (() => Promise<unknown>) | null = () =>
        add(place, sequence + 1, COLUMNS, [[7, "o"]]);
      const late: TableStore = {
        ...place.store,
        create: async (bytes, key) => {
          const go = /v\d+\.metadata\.json$/.test(key) ? other : null;
          if (go !== null) other = null;
          await go?.();
          return await place.store.create(bytes, key);
        },
      };
      const table = await tableAt(late, {}, undefined, exportName);
      const path = `late_${sequence}.parquet`;
      const file = await fileOf(table, place.dir, path, COLUMNS, [[sequence, "l"]], { write });
      return await table.commit(commitOf(sequence, COLUMNS, [file], { write }));
    };
    await commit("append", 10, "second");
    deepStrictEqual((await read(place.dir)).map(({ id }) => id).sort(), [1, 10, 7]);
    await rejects(commit("replace", 20, "third"), {
      code: "TABLE_CONFLICT",
      message: /another writer committed to the table/,
    });
    strictEqual((await read(place.dir)).length, 4);
  });
});

Deno.test("many writers at once: every append comes into the folder's table", async () => {
  await withPlace(async ({ dir, store }) => {
    const append = async (name: string) => {
      const table = await tableAt(store, {}, undefined, name);
      const file = await fileOf(table, dir, `${name}.parquet`, COLUMNS, [[1, name]]);
      await table.commit(commitOf(1, COLUMNS, [file]));
    };
    const writers = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(writers.map(append));
    deepStrictEqual((await read(dir)).map(({ name }) => name).sort(), writers);
    strictEqual(await Deno.readTextFile(join(dir, "metadata", "version-hint.text")), "6");
  });
});

Deno.test("a writer that others are always faster than gives up after so many attempts", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    let others = 0;
    const late: TableStore = {
      ...place.store,
      create: async (bytes, key) => {
        if (/v\d+\.metadata\.json$/.test(key)) {
          others++;
          const other = await tableAt(place.store, {}, undefined, `other${others}`);
          await other.commit(commitOf(1, COLUMNS, []));
        }
        return await place.store.create(bytes, key);
      },
    };
    const table = await tableAt(late, {}, undefined, "late");
    const file = await fileOf(table, place.dir, "late.parquet", COLUMNS, [[2, "l"]]);
    await rejects(table.commit(commitOf(1, COLUMNS, [file])), {
      code: "TABLE_CONFLICT",
      message: /20 commits of others came before/,
    });
    strictEqual(others, 20);
    deepStrictEqual((await read(place.dir)).map(({ id }) => id), [1]);
  });
});

Deno.test("a run of another state with the same number, or a later one, is not taken for one's own", async () => {
  await withPlace(async (place) => {
    const ours = await fileOf(await place.open(), place.dir, "ours.parquet", COLUMNS, [[9, "z"]]);
    for (const sequence of [1, 2]) {
      await add(place, sequence, COLUMNS, [[sequence, "a"]]);
      const commit = commitOf(1, COLUMNS, [ours], { runId: "orders_of_another_state" });
      await rejects((await place.open()).commit(commit), {
        code: "TABLE_CONFLICT",
        message: /is in the table, from another state/,
      });
    }
    deepStrictEqual((await read(place.dir)).map(({ id }) => id).sort(), [1, 2]);
  });
});

Deno.test("a run is found in the table though one of another state came after it", async () => {
  await withPlace(async (place) => {
    const table = await place.open();
    const ours = await fileOf(table, place.dir, "ours.parquet", COLUMNS, [[1, "a"]]);
    await table.commit(commitOf(1, COLUMNS, [ours]));
    const id = await add(place, 2, COLUMNS, [[2, "b"]]);
    strictEqual((await (await place.open()).commit(commitOf(1, COLUMNS, [ours]))).id, id);
    strictEqual((await read(place.dir)).length, 2);
  });
});

Deno.test("a commit that died before the version hint is found, and the hint follows", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    await add(place, 2, COLUMNS, [[2, "b"]]);
    const hint = join(place.dir, "metadata", "version-hint.text");
    await Deno.writeTextFile(hint, "1");
    strictEqual((await place.open()).lastSequence, 2);
    await (await place.open()).commit(commitOf(2, COLUMNS, []));
    strictEqual(await Deno.readTextFile(hint), "2");
    await Deno.remove(hint);
    strictEqual((await place.open()).lastSequence, 2);
    await add(place, 3, COLUMNS, [[3, "c"]]);
    strictEqual((await read(place.dir)).length, 3);
  });
});

Deno.test("a file with another schema's ids is not committed", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    const table = await place.open();
    const columns = [...COLUMNS, column("mine", TEXT)];
    const file = await fileOf(table, place.dir, "mine.parquet", columns, [[2, "b", "m"]]);
    await add(place, 2, [...COLUMNS, column("theirs", INT)], [[3, "c", 3]]);
    await rejects(table.commit(commitOf(3, columns, [file])), {
      code: "TABLE_CONFLICT",
      message: /columns changed after mine.parquet was written/,
    });
  });
});

Deno.test("counts and bounds of a file are those of its rows", async () => {
  await withPlace(async (place) => {
    const columns = [
      column("id", INT),
      column("price", { kind: "decimal", precision: 20, scale: 2 }),
    ]
      .concat(column("name", TEXT));
    await add(place, 1, columns, [[5, -129n, "b"], [-2, 128n, "z".repeat(100)], [
      null,
      null,
      null,
    ]]);
    const [{ entries: [{ data_file: file }] }] = await icebergManifests(
      await icebergMetadata({ tableUrl: `file://${place.dir}` }),
    );
    strictEqual(file.record_count, 3n);
    const of = (list: unknown) =>
      new Map((list as { key: number; value: unknown }[]).map(({ key, value }) => [key, value]));
    deepStrictEqual([...of(file.null_value_counts).values()], [1n, 1n, 1n]);
    deepStrictEqual([...of(file.value_counts).values()], [3n, 3n, 3n]);
    const bytes = (list: unknown) =>
      [...of(list).values()].map((value) => [...value as Uint8Array]);
    deepStrictEqual(bytes(file.lower_bounds), [[254, 255, 255, 255], [255, 127], [98]]);
    const upper = bytes(file.upper_bounds);
    deepStrictEqual(upper.slice(0, 2), [[5, 0, 0, 0], [0, 128]]);
    // Cut, and above all that begin so.
    deepStrictEqual(upper[2], [...new Array(63).fill(122), 123]);
  });
});

Deno.test("nothing is skipped by UUIDs, about whose order readers disagree", async () => {
  await withPlace(async ({ dir, store }) => {
    const columns = [column("key", { kind: "uuid" }), column("id", INT)];
    const partitionBy = [{ column: "key", transform: "identity" }];
    const table = await tableAt(store, { partitionBy });
    const low = "00000000000000000000000000000001";
    const rows = [[new Uint8Array(16).with(15, 1), 7]];
    const file = await fileOf(table, dir, "part.parquet", columns, rows, { partition: [low] });
    await table.commit(commitOf(1, columns, [file]));
    const metadata = parquetMetadata((await Deno.readFile(join(dir, "part.parquet"))).buffer);
    const [key, id] = metadata.row_groups[0].columns.map(({ meta_data }) => meta_data?.statistics);
    deepStrictEqual([key?.min_value, key?.max_value, key?.null_count], [undefined, undefined, 0n]);
    deepStrictEqual([id?.min_value, id?.max_value], [7, 7]);
    const list = await Array.fromAsync(Deno.readDir(join(dir, "metadata")));
    const { name } = list.find(({ name }) => name.startsWith("snap-")) as Deno.DirEntry;
    const [line] = decodeManifestList(await Deno.readFile(join(dir, "metadata", name)));
    const manifest = await Deno.readFile(line.manifest_path.slice("file://".length));
    const [{ data_file: { lower_bounds } }] = liveEntries(manifest, line).entries;
    deepStrictEqual((lower_bounds as { key: number }[]).map(({ key }) => key), [2]);
    strictEqual(line.partitions, null);
  });
});

Deno.test("partition values of every transform are in the manifest, as their types are stored", async () => {
  const timestamp: RivetType = { kind: "timestamp", unit: "us", utc: true };
  const partitioned: readonly (readonly [string, RivetType, string, string | null, unknown])[] = [
    ["year", { kind: "date" }, "year", "1969", -1],
    ["month", { kind: "date" }, "month", "1970-02", 1],
    ["day", timestamp, "day", "1970-01-02", 1],
    ["hour", timestamp, "hour", "1970-01-02-01", 25],
    ["bucket", TEXT, "bucket[16]", "9", 9],
    ["cut", LONG, "truncate[10]", "-20", -20n],
    ["land", TEXT, "identity", "C/Z", "C/Z"],
    ["none", TEXT, "identity", null, null],
  ];
  await withPlace(async ({ dir, store }) => {
    const partitionBy = partitioned.map(([name, , transform]) => ({ column: name, transform }));
    const columns = partitioned.map(([name, type]) => column(name, type));
    const table = await tableAt(store, { partitionBy });
    const file = await fileOf(table, dir, "p/part.parquet", columns, [columns.map(() => null)], {
      partition: partitioned.map(([, , , text]) => text),
    });
    await table.commit(commitOf(1, columns, [file]));
    const metadata = await icebergMetadata({ tableUrl: `file://${dir}` });
    deepStrictEqual(
      metadata["partition-specs"][0].fields.map(({ name, transform }) => [name, transform]),
      [
        ["year_year", "year"],
        ["month_month", "month"],
        ["day_day", "day"],
        ["hour_hour", "hour"],
        ["bucket_bucket", "bucket[16]"],
        ["cut_trunc", "truncate[10]"],
        ["land", "identity"],
        ["none", "identity"],
      ],
    );
    const [{ entries: [{ data_file: { partition } }] }] = await icebergManifests(metadata);
    const values = Object.values(partition as Record<string, unknown>);
    const plain = values.map((value) =>
      value instanceof Date ? value.getTime() / 86_400_000 : value
    );
    deepStrictEqual(
      plain.map((value) => value ?? null),
      partitioned.map(([, , , , value]) => value),
    );
    await rejects(tableAt(store).then((other) => other.check(columns, "append")), {
      code: "TABLE_UNSUPPORTED",
      message: /partitioned by year\(year\), .*, and partition_by says nothing/,
    });
  });
});
