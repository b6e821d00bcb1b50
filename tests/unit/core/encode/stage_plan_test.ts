import { read } from "../../../../core/base/schema.ts";
import assert from "node:assert/strict";
import type { ExportConfig } from "../../../../core/config/schema.ts";
import { parquetSchema } from "../../../../core/config/schema/output.ts";
import { ConfigError } from "../../../../core/base/errors.ts";
import { fileColumns, planStages, type StageSpec } from "../../../../core/encode/stage_plan.ts";
import { column } from "../../../support/batches.ts";
import { loadedExport } from "../../../support/exports.ts";

const columns = [
  column("id", { kind: "int", bits: 64, signed: true }, false),
  column("customer_name", { kind: "text" }),
  column("created_at", { kind: "timestamp", unit: "us", utc: true }),
  column("born", { kind: "date" }),
];

function plan(settings: Partial<ExportConfig>, of = columns): StageSpec {
  return planStages(loadedExport(settings), of);
}

function problems(settings: Partial<ExportConfig>, of = columns): readonly string[] {
  try {
    plan(settings, of);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const problem of error.problems) assert.ok(error.message.includes(problem));
    assert.match(error.message, /^export 'orders'/);
    return error.problems;
  }
  return [];
}

Deno.test("stages: without settings there is nothing to do", () => {
  const spec = plan({});
  assert.equal(spec.exportedAt, false);
  assert.equal(spec.rowHash, null);
  assert.equal(spec.partition, null);
  assert.deepEqual(spec.unique.columns, []);
  assert.deepEqual(fileColumns(columns, spec), columns);
});

Deno.test("stages: row_hash true takes the source's columns, a list its own order", () => {
  assert.deepEqual(
    plan({ meta_columns: { exported_at: false, row_hash: true } }).rowHash,
    columns.map((c) => c.name),
  );
  const listed = plan({ meta_columns: { exported_at: false, row_hash: ["born", "id"] } });
  assert.deepEqual(listed.rowHash, ["born", "id"]);
});

Deno.test("stages: the file has the source's columns, then the added ones", () => {
  const spec = plan({ meta_columns: { exported_at: true, row_hash: true } });
  assert.deepEqual(
    fileColumns(columns, spec).slice(4).map(({ name, type, nullable }) => [name, type, nullable]),
    [
      ["_rivet_exported_at", { kind: "timestamp", unit: "us", utc: true }, false],
      ["_rivet_row_hash", { kind: "int", bits: 64, signed: true }, false],
    ],
  );
});

Deno.test("stages: every unknown column is named at once, with the nearest one", () => {
  assert.deepEqual(
    problems({
      meta_columns: { exported_at: false, row_hash: ["id", "custmer_name"] },
      quality: { null_ratio_max: { creatd_at: 0.1 }, unique_columns: ["zzz"] },
      partition_by: "bron",
    }),
    [
      "meta_columns.row_hash: there is no column 'custmer_name'; did you mean \"customer_name\"?",
      "quality.null_ratio_max: there is no column 'creatd_at'; did you mean \"created_at\"?",
      "quality.unique_columns: there is no column 'zzz'",
      "partition_by: there is no column 'bron'; did you mean \"born\"?",
    ],
  );
});

Deno.test("stages: a Bloom filter is of a column that there is, and of no boolean or float", () => {
  const parquet = read(parquetSchema, { bloom_filter_columns: ["id", "rate", "flags", "idd"] });
  const mixed = [
    ...columns,
    column("rate", { kind: "float", bits: 64 }),
    column("flags", { kind: "list", element: { kind: "bool" } }),
  ];
  assert.deepEqual(problems({ parquet }, mixed), [
    "parquet.bloom_filter_columns: there is no column 'idd'; did you mean \"id\"?",
    "parquet.bloom_filter_columns: 'rate' is a float, for which there is none",
    "parquet.bloom_filter_columns: 'flags' is a bool, for which there is none",
  ]);
});

Deno.test("stages: a source column under the name of an added one is refused", () => {
  const taken = [...columns, column("_rivet_row_hash", { kind: "text" })];
  assert.deepEqual(problems({ meta_columns: { exported_at: true, row_hash: ["id"] } }, taken), [
    "meta_columns: the source already has a column '_rivet_row_hash'; rename it in the query",
  ]);
  assert.deepEqual(problems({ meta_columns: { exported_at: true, row_hash: false } }, taken), []);
});

Deno.test("stages: partitions are of dates and timestamps", () => {
  assert.deepEqual(plan({ partition_by: "born", partition_granularity: "year" }).partition, {
    column: "born",
    granularity: "year",
    name: "born_year",
  });
  assert.deepEqual(plan({ partition_by: "created_at" }).partition, {
    column: "created_at",
    granularity: "day",
    name: "created_at_day",
  });
  const twin = column("Created_At_Day", { kind: "text" });
  assert.deepEqual(problems({ partition_by: "created_at" }, [...columns, twin]), [
    "partition_by: the folders would be called 'created_at_day', as a column of the files is; give " +
    "another partition_name",
  ]);
  const chosen = { partition_by: "created_at", partition_name: "created_at" };
  const { partition } = plan(chosen);
  assert.ok(partition !== null && "name" in partition && partition.name === "created_at");
  assert.deepEqual(problems({ partition_by: "customer_name" }), [
    "partition_by: 'customer_name' is text; partitions are days, months or years of a date or " +
    "timestamp column",
  ]);
});
