/** Tables that other writers have had a hand in: what Rivet must leave, take along, or refuse by name. */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { icebergManifests, icebergMetadata, icebergRead } from "icebird";
import { formatJson, parseJson } from "../../../../../adapters/tables/iceberg/json.ts";
import type { TableSettings } from "../../../../../core/config/loaded.ts";
import type { Table, TableStore } from "../../../../../core/ports/table_format.ts";
import type { Column, RivetType } from "../../../../../core/types/types.ts";
import { column, type Value } from "../../../../support/batches.ts";
import { commitOf, fileOf, storeAt, tableAt } from "../../../../support/iceberg.ts";

const INT: RivetType = { kind: "int", bits: 32, signed: true };
const LONG: RivetType = { kind: "int", bits: 64, signed: true };
const TEXT: RivetType = { kind: "text" };
const COLUMNS: readonly Column[] = [column("id", INT), column("name", TEXT)];

interface Place {
  readonly dir: string;
  readonly store: TableStore;
  readonly open: () => Promise<Table>;
  /** The metadata of a version, for another writer to change. */
  readonly edit: (
    version: number,
    change: (metadata: Record<string, unknown>) => Record<string, unknown>,
  ) => Promise<void>;
}

async function withPlace(
  use: (place: Place) => Promise<void>,
  settings: Partial<TableSettings> = {},
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-iceberg-" });
  try {
    const store = await storeAt(dir);
    const edit: Place["edit"] = async (version, change) => {
      const path = join(dir, "metadata", `v${version}.metadata.json`);
      const metadata = parseJson(await Deno.readTextFile(path)) as Record<string, unknown>;
      await Deno.writeTextFile(path, formatJson(change(metadata)));
    };
    await use({ dir, store, open: () => tableAt(store, settings), edit });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function add(
  { dir, open }: Place,
  sequence: number,
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
  more: { write?: "append" | "replace"; partition?: readonly string[] } = {},
): Promise<void> {
  const table = await open();
  const file = await fileOf(table, dir, `part_${sequence}.parquet`, columns, rows, more);
  await table.commit(commitOf(sequence, columns, [file], { write: more.write ?? "append" }));
}

const GZIPPED = "write.metadata.compression-codec";

Deno.test("metadata that another writer compressed is found, and the next is written as the table says", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    await place.edit(1, (metadata) => ({ ...metadata, properties: { [GZIPPED]: "gzip" } }));
    const folder = join(place.dir, "metadata");
    const plain = await Deno.readFile(join(folder, "v1.metadata.json"));
    await Deno.writeFile(join(folder, "v2.gz.metadata.json"), gzipSync(plain));
    await Deno.writeFile(join(folder, "v3.metadata.json.gz"), gzipSync(plain));
    await add(place, 2, COLUMNS, [[2, "b"]]);
    strictEqual(await Deno.readTextFile(join(folder, "version-hint.text")), "4");
    const written = await Deno.readFile(join(folder, "v4.gz.metadata.json"));
    const metadata = parseJson(new TextDecoder().decode(gunzipSync(written))) as {
      "metadata-log": { "metadata-file": string }[];
    };
    ok(metadata["metadata-log"].at(-1)?.["metadata-file"].endsWith("/v3.metadata.json.gz"));
    await Deno.remove(join(folder, "version-hint.text"));
    deepStrictEqual([...await (await place.open()).files()].sort(), [
      "part_1.parquet",
      "part_2.parquet",
    ]);
  });
});

Deno.test("files go out of manifests whose partition column has become wider since", async () => {
  const partitionBy = [{ column: "id", transform: "truncate[10]" }];
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]], { partition: ["0"] });
    const wide = [column("id", LONG), column("name", TEXT)];
    await add(place, 2, wide, [[2n ** 40n, "b"]], { partition: ["1099511627770"] });
    await add(place, 3, wide, [[3n, "c"]], { write: "replace", partition: ["0"] });
    deepStrictEqual(await icebergRead({ tableUrl: `file://${place.dir}` }), [
      { id: 3n, name: "c" },
    ]);
  }, { partitionBy });
});

Deno.test("files go out of manifests of a partition whose column is gone", async () => {
  await withPlace(async (place) => {
    const by = { partitionBy: [{ column: "name", transform: "identity" }] };
    const partitioned = { ...place, open: () => tableAt(place.store, by) };
    await add(partitioned, 1, COLUMNS, [[1, "a"]], { partition: ["a"] });
    // As after DROP PARTITION FIELD and DROP COLUMN: no schema of today knows what the values are of.
    await place.edit(1, (metadata) => {
      const [schema] = metadata.schemas as { fields: { name: string }[] }[];
      const fields = schema.fields.filter(({ name }) => name !== "name");
      return {
        ...metadata,
        schemas: [{ ...schema, fields }],
        "partition-specs": [
          ...metadata["partition-specs"] as object[],
          { "spec-id": 1, fields: [] },
        ],
        "default-spec-id": 1,
      };
    });
    const [id] = COLUMNS;
    await add(place, 2, [id], [[2]]);
    await add(place, 3, [id], [[3]], { write: "replace" });
    deepStrictEqual(await icebergRead({ tableUrl: `file://${place.dir}` }), [{ id: 3 }]);
  });
});

Deno.test("values of partitions stand behind fields that no longer count", async () => {
  const partitionBy = [{ column: "name", transform: "identity" }];
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]], { partition: ["a"] });
    await place.edit(1, (metadata) => {
      const [{ fields: [name] }] = metadata["partition-specs"] as { fields: object[] }[];
      const dropped = { "source-id": 1, "field-id": 1001, name: "id", transform: "void" };
      const fields = [dropped, { ...name, "field-id": 1002 }];
      return {
        ...metadata,
        "partition-specs": [
          ...metadata["partition-specs"] as object[],
          { "spec-id": 1, fields },
        ],
        "default-spec-id": 1,
      };
    });
    await add(place, 2, COLUMNS, [[2, "b"]], { partition: ["b"] });
    const manifests = await icebergManifests(
      await icebergMetadata({ tableUrl: `file://${place.dir}` }),
    );
    const values = manifests.flatMap(({ entries }) =>
      entries.map(({ data_file: { partition } }) => ({ ...partition as Record<string, unknown> }))
    );
    const [added] = values.filter((value) => "id" in value);
    deepStrictEqual([added.id ?? null, added.name], [null, "b"]);
  }, { partitionBy });
});

Deno.test("columns of structs and maps stay, and a column that takes their name is refused by name", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    const struct = { type: "struct", fields: [{ id: 4, name: "a", required: false, type: "int" }] };
    const tree = { id: 3, name: "tree", required: false, type: struct };
    await place.edit(1, (metadata) => {
      const [schema] = metadata.schemas as { fields: object[] }[];
      return {
        ...metadata,
        schemas: [{ ...schema, fields: [...schema.fields, tree] }],
        "last-column-id": 4,
      };
    });
    await add(place, 2, [...COLUMNS, column("more", INT)], [[2, "b", 5]]);
    const { schemas } = await icebergMetadata({ tableUrl: `file://${place.dir}` });
    deepStrictEqual(schemas.at(-1)?.fields.map(({ id, name }) => [id, name]), [
      [1, "id"],
      [2, "name"],
      [3, "tree"],
      [5, "more"],
    ]);
    deepStrictEqual(schemas.at(-1)?.fields[2], tree);
    const table = await place.open();
    for (const type of [TEXT, { kind: "list", element: INT } as const]) {
      throws(() => table.check([...COLUMNS, column("tree", type)], "append"), {
        code: "TABLE_SCHEMA",
        message: /'tree' is struct in the table and /,
      });
    }
  });
});

Deno.test("fields that identify rows stay so: a NULL in one, and a run without it, are refused", async () => {
  await withPlace(async (place) => {
    await add(place, 1, COLUMNS, [[1, "a"]]);
    await place.edit(1, (metadata) => {
      const [{ fields: [id, name], ...schema }] = metadata.schemas as { fields: object[] }[];
      const fields = [{ ...id, required: true }, { ...name, required: true }];
      return { ...metadata, schemas: [{ ...schema, fields, "identifier-field-ids": [1] }] };
    });
    const wide = [column("id", LONG), column("name", TEXT)];
    await add(place, 2, wide, [[2n, null]]);
    const { schemas } = await icebergMetadata({ tableUrl: `file://${place.dir}` });
    const last: Record<string, unknown> = { ...schemas.at(-1) };
    deepStrictEqual(last["identifier-field-ids"], [1]);
    deepStrictEqual(schemas.at(-1)?.fields.map(({ required }) => required), [true, false]);
    await rejects(add(place, 3, wide, [[null, "c"]]), {
      code: "TABLE_SCHEMA",
      message: /'id' identifies rows of the table, and is NULL in part_3\.parquet/,
    });
    const table = await place.open();
    throws(() => table.check([column("name", TEXT)], "append"), {
      code: "TABLE_SCHEMA",
      message: /'id' identifies rows of the table, and is gone/,
    });
    table.check([column("name", TEXT)], "replace");
  });
});

Deno.test("a version is followed that the branch goes back to, as far as snapshots tell", async () => {
  await withPlace(async (place) => {
    const ids: string[] = [];
    for (const sequence of [1, 2, 3, 4]) {
      await add(place, sequence, COLUMNS, [[sequence, "a"]]);
      ids.push((await place.open()).current?.id ?? "");
    }
    const follows = async () => {
      const table = await place.open();
      return ids.map((id) => table.follows(id));
    };
    deepStrictEqual(await follows(), [true, true, true, true]);
    await place.edit(4, (metadata) => {
      const refs = { main: { type: "branch", "snapshot-id": Number(ids[2]) } };
      return { ...metadata, "current-snapshot-id": Number(ids[2]), refs };
    });
    deepStrictEqual(await follows(), [true, true, true, false]);
    await place.edit(4, (metadata) => ({
      ...metadata,
      snapshots: (metadata.snapshots as unknown[]).slice(2),
    }));
    deepStrictEqual(await follows(), [null, true, true, null]);
  });
});

Deno.test("versions of the format that are not written are refused by name", async () => {
  for (const [version, hint] of [[1, /format-version to 2/], [3, /another table/]] as const) {
    await withPlace(async (place) => {
      await add(place, 1, COLUMNS, [[1, "a"]]);
      await place.edit(1, (metadata) => ({ ...metadata, "format-version": version }));
      await rejects(place.open(), {
        code: "TABLE_UNSUPPORTED",
        message: new RegExp(`format version ${version}; Rivet writes version 2`),
        hint,
      });
    });
  }
});
