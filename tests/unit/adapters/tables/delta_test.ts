import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { delta } from "../../../../adapters/tables/delta/mod.ts";
import { statsOf } from "../../../../adapters/tables/delta/stats.ts";
import { RivetError } from "../../../../core/base/errors.ts";
import type { TableSettings } from "../../../../core/config/loaded.ts";
import type { FileStatistics } from "../../../../core/ports/format.ts";
import type {
  Table,
  TableColumn,
  TableCommit,
  TableFile,
  TableStore,
} from "../../../../core/ports/table_format.ts";
import { tableStore } from "../../../../core/tables/table_store.ts";
import type { RivetType } from "../../../../core/types/types.ts";
import { MemoryDestination } from "../../../support/memory_destination.ts";
import { readDelta } from "../../../support/read_delta.ts";
import { queryDuckdb } from "../../../support/readers.ts";

const INT: RivetType = { kind: "int", bits: 32, signed: true };
const TEXT: RivetType = { kind: "text" };
const COLUMNS: TableColumn[] = [{ name: "id", type: INT }, { name: "name", type: TEXT }];
const SETTINGS: TableSettings = {
  ...{
    type: "delta",
    write: "append",
    partitionBy: [],
    window: null,
    catalog: null,
    identifier: null,
  },
};

class Lake {
  readonly destination = new MemoryDestination();
  readonly store: TableStore = tableStore(this.destination, new AbortController().signal);
  #sequence = 0;

  open(settings: Partial<TableSettings> = {}, store = this.store, exportName = "orders") {
    const env = () => undefined;
    const { signal } = new AbortController();
    const place = { store, settings: { ...SETTINGS, ...settings }, exportName, env, signal };
    return delta.open(place);
  }

  commitOf(paths: readonly string[], fields: Partial<TableCommit> = {}): TableCommit {
    const sequence = ++this.#sequence;
    return {
      ...{ runId: `orders_${sequence}`, sequence, write: "append", covers: null, columns: COLUMNS },
      added: paths.map((path) => file(path)),
      ...{ removed: [], kept: [], committedAt: new Date("2026-01-31T10:00:00Z") },
      ...fields,
    };
  }

  async commit(paths: readonly string[], fields: Partial<TableCommit> = {}): Promise<string> {
    return (await (await this.open()).commit(this.commitOf(paths, fields))).id;
  }

  async text(key: string): Promise<string | null> {
    const bytes = await this.destination.read(key);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  }

  state() {
    return readDelta((key) => this.text(key));
  }

  async paths(): Promise<string[]> {
    return [...(await this.state()).files.keys()].sort();
  }
}

function file(path: string, statistics: FileStatistics | null = null): TableFile {
  return { path, rows: 3, sizeBytes: 100, statistics, partition: [] };
}

async function refused(work: Promise<unknown>, code: string, words: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof RivetError);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  });
}

Deno.test("delta: the first commit makes the table, with nothing that readers need not know", async () => {
  const lake = new Lake();
  const table = await lake.open();
  assert.deepEqual([table.current, table.lastSequence], [null, null]);
  assert.equal((await table.commit(lake.commitOf(["a b.parquet"]))).id, "0");
  const { protocol, metaData, fields, files, txns, commits: [commit] } = await lake.state();
  assert.deepEqual(protocol, { minReaderVersion: 1, minWriterVersion: 2 });
  assert.deepEqual(fields.map(({ name, type }) => [name, type]), [["id", "integer"], [
    "name",
    "string",
  ]]);
  assert.deepEqual(metaData.partitionColumns, []);
  assert.deepEqual(txns, { "rivet:orders": 1 });
  assert.equal(files.get("a b.parquet")?.path, "a%20b.parquet");
  assert.ok(commit[0].commitInfo, "who looks at history finds the commit first");
});

Deno.test("delta: a run that is repeated finds its own commit", async () => {
  const lake = new Lake();
  const commit = lake.commitOf(["a.parquet"]);
  await (await lake.open()).commit(commit);
  const again = await lake.open();
  assert.equal(again.lastSequence, commit.sequence);
  assert.equal((await again.commit(commit)).id, "0");
  // Whatever became of its file since: it is not written again.
  await lake.commit([], { write: "amend", removed: ["a.parquet"] });
  const late = { ...commit, sequence: 2 };
  assert.equal((await (await lake.open()).commit(late)).id, "1");
  assert.deepEqual(await lake.paths(), []);
  const other = { ...lake.commitOf(["b.parquet"]), sequence: 1 };
  await refused((await lake.open()).commit(other), "TABLE_CONFLICT", /run 2 .* came after/);
});

Deno.test("delta: replace takes out what was there in the same commit", async () => {
  const lake = new Lake();
  await lake.commit(["a.parquet", "b.parquet"]);
  assert.equal(await lake.commit(["c.parquet"], { write: "replace" }), "1");
  const { commits } = await lake.state();
  const removed = commits[1].map(({ remove }) => remove?.path).filter((path) => path);
  assert.deepEqual(removed, ["a.parquet", "b.parquet"]);
  assert.deepEqual(await lake.paths(), ["c.parquet"]);
  await lake.commit([], { write: "replace" });
  assert.deepEqual(await lake.paths(), [], "an empty run empties the table");
  assert.equal(await lake.commit([], { write: "replace" }), "2", "and does so once");
});

Deno.test("delta: what is mended goes and comes in one commit, if it is there still", async () => {
  const lake = new Lake();
  await lake.commit(["a.parquet", "b.parquet"]);
  const mended = { write: "amend", removed: ["b.parquet"], kept: ["a.parquet"] } as const;
  assert.equal(await lake.commit(["b2.parquet"], mended), "1");
  assert.deepEqual(await lake.paths(), ["a.parquet", "b2.parquet"]);
  await lake.commit(["c.parquet"], { write: "replace" });
  await refused(
    lake.commit(["b3.parquet"], { ...mended, removed: ["b2.parquet"] }),
    "TABLE_CONFLICT",
    /b2\.parquet and 1 more of the run that is mended is not in it any more/,
  );
  assert.deepEqual(await lake.paths(), ["c.parquet"]);
});

Deno.test("delta: a run of another state with the same number is not taken for one's own", async () => {
  const lake = new Lake();
  const theirs = lake.commitOf(["b.parquet"]);
  await lake.commit(["a.parquet"], { sequence: theirs.sequence });
  await refused(
    (await lake.open()).commit(theirs),
    "TABLE_CONFLICT",
    /run 1 of an export of this name is in it, from another state/,
  );
  assert.deepEqual(await lake.paths(), ["a.parquet"]);
});

Deno.test("delta: a run is found in the table though one of another state came after it", async () => {
  const lake = new Lake();
  const ours = lake.commitOf(["a.parquet"]);
  await (await lake.open()).commit(ours);
  await lake.commit(["b.parquet"]);
  assert.equal((await (await lake.open()).commit(ours)).id, "1");
  assert.deepEqual(await lake.paths(), ["a.parquet", "b.parquet"]);
});

/** A store in which somebody else commits right before the first commit. */
function raced(lake: Lake, other: () => Promise<unknown>): TableStore {
  let first = true;
  return {
    ...lake.store,
    async create(bytes, key) {
      if (first) {
        first = false;
        await other();
      }
      return await lake.store.create(bytes, key);
    },
  };
}

Deno.test("delta: of two writers the later one adds its rows to what came before it", async () => {
  const lake = new Lake();
  await lake.commit(["a.parquet"]);
  const other = async () => await (await lake.open({}, lake.store, "other")).commit(theirs);
  const theirs = lake.commitOf(["b.parquet"]);
  const table = await lake.open({}, raced(lake, other));
  assert.equal((await table.commit(lake.commitOf(["c.parquet"]))).id, "2");
  assert.deepEqual(await lake.paths(), ["a.parquet", "b.parquet", "c.parquet"]);
});

Deno.test("delta: of two writers that replace the same rows the later one fails", async () => {
  const lake = new Lake();
  await lake.commit(["a.parquet"]);
  const theirs = lake.commitOf(["b.parquet"], { write: "replace" });
  const other = async () => await (await lake.open({}, lake.store, "other")).commit(theirs);
  const table = await lake.open({}, raced(lake, other));
  await refused(
    table.commit(lake.commitOf(["c.parquet"], { write: "replace" })),
    "TABLE_CONFLICT",
    /another writer has changed rows/,
  );
  assert.deepEqual(await lake.paths(), ["b.parquet"]);
});

Deno.test("delta: a window replaces what is in its partitions, and other writers only there are in its way", async () => {
  const by = { partitionBy: [{ column: "at", transform: "month" }] };
  const columns: TableColumn[] = [...COLUMNS, { name: "at", type: { kind: "date" } }];
  const of = (path: string, month: string | null): TableFile => ({
    ...file(path),
    partition: [month],
  });
  for (const theirs of ["2026-02", "2026-03", null]) {
    const lake = new Lake();
    const commit = (added: TableFile[], more: Partial<TableCommit> = {}) =>
      lake.commitOf([], { columns, added, ...more });
    const there = [of("a.parquet", "2026-02"), of("b.parquet", "2026-03"), of("c.parquet", null)];
    await (await lake.open(by)).commit(commit(there));
    const other = async () =>
      await (await lake.open(by, lake.store, "other")).commit(commit([of("t.parquet", theirs)]));
    const ours = commit([of("d.parquet", "+010000-01")], {
      write: "overwrite",
      covers: { field: 0, from: "2026-03" },
    });
    const table = await lake.open(by, raced(lake, other));
    if (theirs === "2026-03") {
      await refused(table.commit(ours), "TABLE_CONFLICT", /rows that this run was to replace/);
      assert.deepEqual(await lake.paths(), ["a.parquet", "b.parquet", "c.parquet", "t.parquet"]);
      continue;
    }
    assert.equal((await table.commit(ours)).id, "2");
    assert.deepEqual(await lake.paths(), ["a.parquet", "c.parquet", "d.parquet", "t.parquet"]);
    assert.equal((await (await lake.open(by)).commit(ours)).id, "2", "once");
  }
});

Deno.test("delta: a commit whose answer was lost is found to be there", async () => {
  const lake = new Lake();
  const commit = lake.commitOf(["a.parquet"]);
  const table = await lake.open({}, {
    ...lake.store,
    create: async (bytes, key) => {
      await lake.store.create(bytes, key);
      return "taken";
    },
  });
  assert.equal((await table.commit(commit)).id, "0");
  assert.deepEqual(await lake.paths(), ["a.parquet"]);
});

Deno.test("delta: a new column comes with the commit that needs it, another type does not", async () => {
  const lake = new Lake();
  await lake.commit(["a.parquet"]);
  const at: TableColumn = { name: "at", type: { kind: "timestamp", unit: "us", utc: false } };
  await lake.commit(["b.parquet"], { columns: [at, COLUMNS[0]] });
  const { fields, protocol } = await lake.state();
  assert.deepEqual(fields.map(({ name }) => name), ["id", "name", "at"]);
  assert.deepEqual(protocol, {
    ...{ minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ["timestampNtz"] },
    writerFeatures: ["appendOnly", "invariants", "timestampNtz"],
  });
  const text = [{ name: "id", type: TEXT }, { name: "NAME", type: TEXT }];
  const table = await lake.open();
  assert.throws(() => table.check(text, "append"), /"id" is integer there, and comes as string/);
  assert.throws(() => table.check(text, "append"), /"NAME" is called "name" there/);
  table.check(text, "replace");
  await lake.commit(["c.parquet"], { columns: text, write: "replace" });
  assert.deepEqual((await lake.state()).fields.map(({ type }) => type), ["string", "string"]);
});

Deno.test("delta: what has no equal is refused by name, with what to write", async () => {
  const table = await new Lake().open();
  const columns: TableColumn[] = [
    { name: "u", type: { kind: "int", bits: 64, signed: false } },
    { name: "t", type: { kind: "time" } },
    { name: "ids", type: { kind: "list", element: { kind: "uuid" } } },
    { name: "d", type: { kind: "decimal", precision: 39, scale: 0 } },
    { name: "ns", type: { kind: "timestamp", unit: "ns", utc: true } },
    { name: "a b", type: TEXT },
    { name: "c\nd\u202e", type: TEXT },
    { name: "x", type: TEXT },
    { name: "X", type: TEXT },
  ];
  assert.throws(() => table.check(columns, "append"), (error) => {
    assert.ok(error instanceof RivetError);
    assert.equal(error.code, "TYPE_UNSUPPORTED");
    const expected = [
      /"u" \(uint64\): .*decimal\(20,0\)/,
      /"t" \(time\): .*write text/,
      /"ids" \(list<uuid>\): .*write text/,
      /"d" \(decimal\(39,0\)\): .*write text/,
      /"ns" \(timestamp_tz_ns\): .*write timestamp_tz/,
      /"a b": /,
      /"c\\nd\\u202e": a name has no/,
      /"X": the same name as "x"/,
    ];
    for (const words of expected) assert.match(error.message, words);
    assert.match(error.hint ?? "", /`columns:`.* query: SELECT id AS order_id/);
    return true;
  });
  assert.throws(() => table.check([{ name: "a\tb", type: TEXT }], "append"), (error) => {
    assert.ok(error instanceof RivetError);
    assert.match(error.message, /^a Delta table cannot hold "a\\tb": a name has no/);
    assert.match(error.hint ?? "", /^Give the column another name by a query/);
    return true;
  });
});

Deno.test("delta: tables that ask for more than is written are refused, before and at the commit", async () => {
  const lake = new Lake();
  await lake.commit(["a.parquet"]);
  const table = await lake.open();
  const protocol = {
    ...{ minReaderVersion: 3, minWriterVersion: 7 },
    ...{ readerFeatures: ["deletionVectors"], writerFeatures: ["deletionVectors"] },
  };
  const line = `${JSON.stringify({ protocol })}\n`;
  await lake.store.create(
    new TextEncoder().encode(line),
    `_delta_log/${"1".padStart(20, "0")}.json`,
  );
  await refused(table.commit(lake.commitOf(["b.parquet"])), "TABLE_UNSUPPORTED", /deletionVectors/);
  await refused(lake.open(), "TABLE_UNSUPPORTED", /deletionVectors/);
});

Deno.test("delta: every tenth version has a checkpoint, from which the table is read", async () => {
  const lake = new Lake();
  for (let i = 0; i <= 10; i++) await lake.commit([`${i}.parquet`]);
  await lake.commit(["x.parquet"], { write: "replace" });
  const whole = await (await lake.open()).files();
  const hint = JSON.parse(await lake.text("_delta_log/_last_checkpoint") ?? "");
  assert.equal(hint.version, 10);
  const key = `_delta_log/${"10".padStart(20, "0")}.checkpoint.parquet`;
  await withFile(await lake.destination.read(key), async (path) => {
    const [row] = await queryDuckdb(
      "SELECT count(*) FILTER (add.path IS NOT NULL) AS files, max(txn.version) AS txn, " +
        "max(metaData.schemaString) AS schema, max(protocol.minWriterVersion) AS writer, " +
        `bool_or(add.dataChange) AS changes, count(*) AS actions FROM read_parquet('${path}')`,
    );
    assert.deepEqual(
      [Number(row.files), Number(row.txn), Number(row.writer), row.changes, Number(row.actions)],
      [11, 11, 2, false, hint.size],
    );
    assert.match(String(row.schema), /"name":"id"/);
  });
  for (let i = 0; i < 10; i++) lake.destination.remove(commitName(i));
  const table = await lake.open();
  assert.deepEqual([table.current?.id, table.lastSequence], ["11", 12]);
  assert.deepEqual(await table.files(), whole);
  // Without the hint, and with one that is older than the log: a listing finds the checkpoint.
  lake.destination.remove("_delta_log/_last_checkpoint");
  assert.equal((await lake.open()).current?.id, "11");
  await lake.store.replace(
    new TextEncoder().encode('{"version":3}'),
    "_delta_log/_last_checkpoint",
  );
  assert.equal((await lake.open()).current?.id, "11");
  lake.destination.remove(key);
  await refused(lake.open(), "TABLE_UNSUPPORTED", /versions are missing/);
});

function commitName(version: number): string {
  return `_delta_log/${String(version).padStart(20, "0")}.json`;
}

async function withFile(
  bytes: Uint8Array | null,
  body: (path: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-delta-" });
  try {
    await Deno.writeFile(join(dir, "checkpoint.parquet"), bytes ?? new Uint8Array());
    await body(join(dir, "checkpoint.parquet"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("delta: a partition is a column of the table, with its value beside each file", async () => {
  const lake = new Lake();
  const partitionBy = [{ column: "at", transform: "day" }];
  const columns: TableColumn[] = [{ name: "at", type: { kind: "date" } }];
  const added = [
    { ...file("at_day=2026-01-31/a.parquet"), partition: ["2026-01-31"] },
    { ...file("at_day=__HIVE_DEFAULT_PARTITION__/b.parquet"), partition: [null] },
  ];
  const table = await lake.open({ partitionBy });
  await table.commit(lake.commitOf([], { columns, added }));
  const { fields, metaData, files } = await lake.state();
  assert.deepEqual(fields.map(({ name, type }) => [name, type]), [["at", "date"], [
    "at_day",
    "date",
  ]]);
  assert.deepEqual(metaData.partitionColumns, ["at_day"]);
  assert.deepEqual([...files.values()].map(({ partitionValues }) => partitionValues), [
    { at_day: "2026-01-31" },
    { at_day: null },
  ]);
  const other: Table = await lake.open();
  assert.throws(() => other.check(columns, "append"), /partitioned by at_day, .* by nothing/);
});

const base64 = (bytes: Uint8Array) => ({
  value: Buffer.from(bytes).toString("base64"),
  exact: true,
});
const int32 = (value: number) => base64(new Uint8Array(Int32Array.of(value).buffer));
const int64 = (value: bigint) => base64(new Uint8Array(BigInt64Array.of(value).buffer));

function stats(type: RivetType, min: ReturnType<typeof base64>, max = min) {
  const statistics: FileStatistics = {
    columns: [{ path: ["c"], values: 3, nulls: 1, bytes: 9, min, max }],
    splits: [],
  };
  const { minValues, maxValues } = JSON.parse(
    statsOf([{ name: "c", type }], file("a.parquet", statistics)),
  );
  return [minValues.c, maxValues.c];
}

Deno.test("delta: bounds in a log are never inside the values, or are left out", () => {
  const at = (utc: boolean): RivetType => ({ kind: "timestamp", unit: "us", utc });
  assert.deepEqual(stats(at(true), int64(-1n), int64(1n)), [
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00.001Z",
  ]);
  assert.deepEqual(stats(at(false), int64(0n)), [
    "1970-01-01T00:00:00.000",
    "1970-01-01T00:00:00.000",
  ]);
  assert.deepEqual(stats(at(true), int64(-(2n ** 60n)), int64(2n ** 62n)), [undefined, undefined]);
  assert.deepEqual(stats({ kind: "date" }, int32(-719_162), int32(2_932_897)), [
    "0001-01-01",
    undefined,
  ]);
  const decimal = (precision: number): RivetType => ({ kind: "decimal", precision, scale: 3 });
  assert.deepEqual(stats(decimal(9), int32(-5), int32(12_345)), [-0.005, 12.345]);
  assert.deepEqual(stats(decimal(18), int64(-12_345n)), [-12.345, -12.345]);
  assert.deepEqual(stats(decimal(20), base64(Uint8Array.of(255, 255, 254))), [-0.002, -0.002]);
  const text = new TextEncoder().encode('é"\n');
  assert.deepEqual(stats(TEXT, base64(text)), ['é"\n', 'é"\n']);
  assert.deepEqual(stats(TEXT, base64(Uint8Array.of(0xff))), [undefined, undefined]);
  for (const type of [{ kind: "binary" }, { kind: "bool" }, { kind: "float", bits: 64 }]) {
    assert.deepEqual(stats(type as RivetType, base64(new Uint8Array(8))), [undefined, undefined]);
  }
  const wide = statsOf(
    [{ name: "c", type: { kind: "int", bits: 64, signed: true } }],
    file("a", {
      columns: [{
        ...{ path: ["c"], values: 3, nulls: 0, bytes: 9 },
        min: int64(-(2n ** 63n)),
        max: int64(2n ** 63n - 1n),
      }],
      splits: [],
    }),
  );
  assert.match(wide, /:-9223372036854775808}.*:9223372036854775807}/, "digit by digit");
});

Deno.test("delta: columns are partitions as they are, and one more where a partition is made of them", async () => {
  const partitionBy = [{ column: "name", transform: "identity" }, {
    column: "at",
    transform: "day",
  }];
  const columns: TableColumn[] = [...COLUMNS, { name: "at", type: { kind: "date" } }];
  const lake = new Lake();
  const path = "name=a%2Fb%25/at_day=__HIVE_DEFAULT_PARTITION__/p.parquet";
  const added = [{ ...file(path), partition: ["a/b%", null] }];
  await (await lake.open({ partitionBy })).commit(lake.commitOf([], { columns, added }));
  const { metaData, fields, files, commits: [commit] } = await lake.state();
  assert.deepEqual(metaData.partitionColumns, ["name", "at_day"]);
  assert.deepEqual(fields.map(({ name }) => name), ["id", "name", "at", "at_day"]);
  assert.deepEqual(files.get(path)?.partitionValues, { name: "a/b%", at_day: null });
  const [add] = commit.flatMap(({ add }) => add ?? []);
  assert.equal(
    (add as { path: string }).path,
    "name=a%252Fb%2525/at_day=__HIVE_DEFAULT_PARTITION__/p.parquet",
  );
  const check = async (columns: TableColumn[], words: RegExp) => {
    const table = await new Lake().open({ partitionBy });
    assert.throws(() => table.check(columns, "append"), words);
  };
  await check([...columns, { name: "AT_DAY", type: TEXT }], /"AT_DAY": the column of a partition/);
  await check([{ name: "name", type: TEXT }], /no column beside those that it is partitioned by/);
});
