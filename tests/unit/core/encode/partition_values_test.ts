/** Rows by the folders of a table's partitions, and what a folder's name says of them. */
import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { splitByPartition } from "../../../../core/encode/partition.ts";
import {
  hiveValue,
  parseHiveValue,
  partitionPath,
} from "../../../../core/encode/partition_names.ts";
import {
  parsePartitionText,
  parseTransform,
  type Transform,
} from "../../../../core/types/partition_transform.ts";
import { batchOf, column, type Value } from "../../../support/batches.ts";
import { TYPE_SAMPLES } from "../../../support/type_samples.ts";

Deno.test("rows of several partition columns lie in folders in folders", () => {
  const columns = [column("country", { kind: "text" }), column("at", { kind: "date" })];
  const rows: Value[][] = [["CZ", 0], ["a/b=%", 31], [null, null], ["CZ", 30], ["", 0]];
  const fields = [
    { column: "country", transform: "identity" },
    { column: "at", transform: "month" },
  ];
  const split = splitByPartition(batchOf(columns, rows), { table: "iceberg", fields });
  deepStrictEqual([...split].map(([folder, { rows }]) => [folder, rows]), [
    ["country=CZ/at_month=1970-01", 2],
    ["country=a%2Fb%3D%25/at_month=1970-02", 1],
    ["country=__HIVE_DEFAULT_PARTITION__/at_month=__HIVE_DEFAULT_PARTITION__", 1],
    ["country=/at_month=1970-01", 1],
  ]);
});

Deno.test("every value of every type is read back from the folder that it names", () => {
  const identity = parseTransform("identity") as Transform;
  const fits = (value: Value) =>
    typeof value === "string"
      ? value.length <= 200
      : !(value instanceof Uint8Array) || value.length <= 100;
  for (const { type, values: samples } of TYPE_SAMPLES) {
    if (type.kind === "list") continue;
    const values = samples.filter(fits);
    const batch = batchOf([column("c", type)], values.map((value) => [value]));
    const folders = [
      ...splitByPartition(batch, {
        table: "iceberg",
        fields: [{ column: "c", transform: "identity" }],
      })
        .keys(),
    ];
    const read = folders.map((folder) => {
      const text = parseHiveValue(folder.slice("c=".length));
      return text === null ? null : parsePartitionText(type, identity, text);
    });
    const distinct = values.filter((value, v) =>
      values.findIndex((w) => Object.is(w, value)) === v
    );
    deepStrictEqual(read, distinct, type.kind);
  }
});

Deno.test("text that looks like the folder of NULLs is another folder", () => {
  const text = "__HIVE_DEFAULT_PARTITION__";
  strictEqual(parseHiveValue(text), null);
  strictEqual(parseHiveValue(hiveValue(text)), text);
  for (const value of ["%41", "ž/…", ".", "a\nb"]) {
    strictEqual(parseHiveValue(hiveValue(value)), value);
  }
});

Deno.test("a value that is no partition of the format is refused by its column's name", () => {
  const columns = [column("country", { kind: "text" })];
  const split = (table: "delta" | "iceberg") =>
    splitByPartition(batchOf(columns, [[""]]), {
      table,
      fields: [{ column: "country", transform: "identity" }],
    });
  strictEqual(split("iceberg").size, 1);
  throws(() => split("delta"), /column "country" is no partition: it is empty, which .* NULL/);
});

Deno.test("folders that no file system takes are cut, and stay unlike each other", () => {
  const room = 255 - "country=".length;
  const fits = `at=1/country=${"x".repeat(room)}`;
  strictEqual(partitionPath(fits), fits);
  const values = ["x".repeat(room + 1), "x".repeat(room + 2), "ž".repeat(130), "🐎".repeat(70)];
  const cut = [...values, "/".repeat(90), "a/".repeat(90), "ab/".repeat(90)].map((value) =>
    partitionPath(`at=1/country=${hiveValue(value)}/b=2`)
  );
  strictEqual(new Set(cut).size, cut.length);
  for (const path of cut) {
    const [first, folder, last] = path.split("/");
    deepStrictEqual([first, last], ["at=1", "b=2"]);
    match(folder, /^country=(?:x+|ž+|🐎+|(?:a?b?%2F)+a?b?)~[0-9a-f]{32}$/u);
  }
});
