/** What files of a run share is made once, and never goes into a file that is another's. */
import assert from "node:assert/strict";
import { fileConstants } from "../../../../../adapters/formats/parquet/file_constants.ts";
import { parquet } from "../../../../../adapters/formats/parquet/mod.ts";
import type { EncoderOptions, FieldIds } from "../../../../../core/ports/format.ts";
import type { Column } from "../../../../../core/types/types.ts";
import { batchOf, column } from "../../../../support/batches.ts";
import { concat, DEFAULT_OPTIONS, withFile } from "../../../../support/format_files.ts";
import { hyparquetMetadata } from "../../../../support/read_hyparquet.ts";
import { arrowSchemaOf } from "../../../../support/readers.ts";

const COLUMNS = [
  column("id", { kind: "int", bits: 32, signed: true }, false),
  column("note", { kind: "json" }),
];
const METADATA = { "rivet.run_id": "orders_20260101T000000.000" };

/** As a message from another thread brings them. */
function arrived<T>(value: T): T {
  return structuredClone(value);
}

async function fileOf(
  columns: readonly Column[],
  options: Partial<EncoderOptions>,
): Promise<Uint8Array> {
  const encoder = await parquet.open(columns, { ...DEFAULT_OPTIONS, ...options });
  const written = encoder.write(batchOf(columns, [[1, "[2]"]]));
  return concat([...written, ...encoder.finish()]);
}

Deno.test("files of a run share what is the same in all of them", async () => {
  const options = { metadata: METADATA };
  const first = fileConstants(COLUMNS, options);
  assert.equal(fileConstants(arrived(COLUMNS), arrived(options)), first);
  assert.deepEqual(await fileOf(COLUMNS, options), await fileOf(arrived(COLUMNS), options));
});

Deno.test("whatever is another's, its files say so", async () => {
  const ids = (jsonAsText: boolean): ReadonlyMap<string, FieldIds> =>
    new Map(COLUMNS.map(({ name }, i) => [name, { id: i + 1, jsonAsText }]));
  const [id, note] = COLUMNS;
  const others: [readonly Column[], Partial<EncoderOptions>][] = [
    [COLUMNS, { metadata: METADATA }],
    [COLUMNS, { metadata: { "rivet.run_id": "orders_20260101T000000.001" } }],
    [COLUMNS, { metadata: METADATA, fieldIds: ids(false) }],
    [COLUMNS, { metadata: METADATA, fieldIds: ids(true) }],
    [[id, { ...note, name: "remark" }], { metadata: METADATA }],
    [[id, { ...note, type: { kind: "text" } }], { metadata: METADATA }],
    [[id, { ...note, nullable: false }], { metadata: METADATA }],
    [[id, { ...note, nativeType: "jsonb" }], { metadata: METADATA }],
    [[id, { ...note, fidelity: "lossy" }], { metadata: METADATA }],
  ];
  const files = new Set<string>();
  for (const [columns, options] of others) {
    files.add((await fileOf(columns, options)).toBase64());
  }
  assert.equal(files.size, others.length);
  const run = (path: string) =>
    hyparquetMetadata(path).key_value_metadata?.find(({ key }) => key === "rivet.run_id")?.value;
  for (const [columns, options] of others) {
    await withFile("parquet", columns, [batchOf(columns, [[1, "[2]"]])], options, async (path) => {
      assert.equal(run(path), options.metadata?.["rivet.run_id"]);
      const names = (await arrowSchemaOf(path)).fields.map(({ name }) => name);
      assert.deepEqual(names, columns.map(({ name }) => name));
    });
  }
});

Deno.test("what is kept has an end, and what is used stays", () => {
  const of = (n: number) => fileConstants(COLUMNS, { metadata: { n: String(n) } });
  const [first, second] = [of(0), of(1)];
  for (let n = 2; n < 12; n++) {
    of(n);
    assert.equal(of(0), first);
  }
  assert.notEqual(of(1), second);
  assert.deepEqual(of(1), second);
});
