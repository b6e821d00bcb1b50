/** What a configuration leaves out is filled in when it is resolved, once. */
import assert from "node:assert/strict";
import { cutOf } from "../../../../core/query/cuts/mod.ts";
import { type ChunkedMode, readersOf, resolveMode } from "../../../../core/config/modes.ts";
import { loadedExport } from "../../../support/exports.ts";

const mode = (fields: Record<string, unknown>) => loadedExport(fields).mode;

Deno.test("modes: every mode is complete without a setting that has a default", () => {
  assert.deepEqual(mode({}), { kind: "full", parallel: 1 });
  assert.deepEqual(mode({ mode: "incremental", cursor_column: "id" }), {
    kind: "incremental",
    column: "id",
    fallback: null,
    commitSafe: false,
    commitWaitMs: 60_000,
    lagMs: null,
  });
  assert.deepEqual(mode({ mode: "time_window", time_column: "at", days_window: 7 }), {
    kind: "time_window",
    column: "at",
    columnType: "timestamp",
    days: 7,
  });
  assert.deepEqual(mode({ mode: "chunked" }), {
    kind: "chunked",
    column: null,
    setting: "chunk_column",
    size: 100_000,
    memoryMb: null,
    count: null,
    days: null,
    dense: false,
    byKey: false,
    by: null,
    checkpoint: false,
    maxAttempts: 3,
    taskLeaseMs: 120_000,
    parallel: 1,
  });
});

Deno.test("modes: what is set is taken, in the units that the run works in", () => {
  const incremental = mode({
    mode: "incremental",
    cursor_column: "a",
    cursor_fallback_column: "b",
    incremental_safety: "commit_safe",
    commit_wait_s: 5,
    cursor_lag: "2h",
  });
  assert.deepEqual(incremental, {
    kind: "incremental",
    column: "a",
    fallback: "b",
    commitSafe: true,
    commitWaitMs: 5_000,
    lagMs: 7_200_000,
  });
  const unix = { time_column: "at", time_column_type: "unix", days_window: 1 };
  assert.equal(
    (mode({ mode: "time_window", ...unix }) as { columnType: string }).columnType,
    "unix",
  );
});

Deno.test("modes: a chunk column is named by either setting, and each cut is asked for by its own", () => {
  const cases: readonly (readonly [Record<string, unknown>, string, string | null, string])[] = [
    [{ chunk_column: "a" }, "chunk_column", "a", "range"],
    [{ chunk_column: "a", chunk_count: 4 }, "chunk_column", "a", "range"],
    [{ chunk_column: "a", chunk_by_days: 2 }, "chunk_column", "a", "days"],
    [{ chunk_column: "a", chunk_dense: true }, "chunk_column", "a", "dense_keys"],
    [{ chunk_by_key: true }, "chunk_column", null, "key"],
    [{ chunk_by_key: true, chunk_column: "a" }, "chunk_column", "a", "key"],
    [{ chunk_by_key: "b" }, "chunk_by_key", "b", "key"],
    [{ chunk_by_key: false }, "chunk_column", null, "range"],
  ];
  for (const [fields, setting, column, kind] of cases) {
    const chunked = mode({ mode: "chunked", ...fields }) as ChunkedMode;
    assert.deepEqual([chunked.setting, chunked.column], [setting, column]);
    assert.equal(cutOf(chunked).kind, kind, JSON.stringify(fields));
  }
});

Deno.test("modes: only full and chunked have more than one reader", () => {
  assert.equal(readersOf(mode({ parallel: 4 })), 4);
  assert.equal(readersOf(mode({ mode: "chunked", parallel: 3 })), 3);
  assert.equal(readersOf(mode({ mode: "incremental", cursor_column: "id", parallel: 4 })), 1);
});

Deno.test("modes: what no valid configuration lacks is refused by name", () => {
  for (const [name, key] of [["incremental", "cursor_column"], ["time_window", "time_column"]]) {
    const { config } = loadedExport();
    assert.throws(() => resolveMode({ ...config, mode: name } as typeof config), {
      code: "CONFIG_INVALID",
      message: `mode: ${name} needs ${key}`,
    });
  }
});

Deno.test("row groups: a strategy has what it needs, and the smaller limit of two", () => {
  const MIB = 1024 * 1024;
  const of = (parquet: Record<string, unknown> | undefined) => loadedExport({ parquet }).rowGroup;
  assert.deepEqual(of(undefined), { strategy: "auto" });
  assert.deepEqual(of({ target_row_group_mb: 5 }), { strategy: "auto" });
  assert.deepEqual(of({ row_group_strategy: "fixed_rows", row_group_rows: 10 }), {
    strategy: "fixed_rows",
    rows: 10,
  });
  const memory = (fields: Record<string, number>) =>
    of({ row_group_strategy: "fixed_memory", ...fields });
  assert.deepEqual(memory({}), { strategy: "fixed_memory", bytes: 128 * MIB });
  assert.deepEqual(memory({ target_row_group_mb: 5, max_row_group_mb: 9 }), {
    strategy: "fixed_memory",
    bytes: 5 * MIB,
  });
  assert.deepEqual(memory({ max_row_group_mb: 9 }), { strategy: "fixed_memory", bytes: 9 * MIB });
});

Deno.test("exports: consistency, reconcile and partitions have their defaults", () => {
  const { consistency, reconcile, partition } = loadedExport();
  assert.deepEqual([consistency, reconcile, partition], [
    { kind: "statement", maxSeconds: null },
    "off",
    null,
  ]);
  const set = loadedExport({ consistency: "snapshot", max_snapshot_s: 9, partition_by: "at" });
  assert.deepEqual(set.consistency, { kind: "snapshot", maxSeconds: 9 });
  assert.deepEqual(set.partition, { column: "at", granularity: "day", name: "at_day" });
  const name = (config: Parameters<typeof loadedExport>[0]) => {
    const { partition } = loadedExport(config);
    return partition === null || "fields" in partition ? null : partition.name;
  };
  assert.equal(name({ partition_by: "at", partition_granularity: "month" }), "at_month");
  assert.equal(name({ partition_by: "at", partition_name: "on" }), "on");
  // Readers skip folders that begin with one of these.
  assert.equal(name({ partition_by: "_.at" }), "at_day");
  assert.equal(name({ partition_by: "__" }), "partition_day");
});
