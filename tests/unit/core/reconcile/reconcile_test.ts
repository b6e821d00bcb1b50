import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { dialect } from "../../../../adapters/sources/postgres/dialect.ts";
import { ConfigError, RivetError, SourceError } from "../../../../core/base/errors.ts";
import type { StateStore } from "../../../../core/ports/state.ts";
import type { CutKind } from "../../../../core/config/cut_exclusions.ts";
import { areBoundsOf, chunkSql } from "../../../../core/query/chunk.ts";
import {
  latestRun,
  requireCheckpoint,
  requireSameQuery,
} from "../../../../core/reconcile/chunk_run.ts";
import { compareChunks, type Comparison } from "../../../../core/reconcile/compare_chunks.ts";
import { reconcileExport } from "../../../../core/reconcile/reconcile.ts";
import {
  comparePartition,
  isClean,
  reconcileReport,
} from "../../../../core/reconcile/reconcile_report.ts";
import { granting } from "../../../support/lease.ts";
import {
  answering,
  type AnsweringSource,
  chunkRun,
  exportWith,
  loadedConfig,
  recorded,
  RUN_ID,
  SHAPE,
  task,
} from "./reconcile_support.ts";

const at = (rows: number, checksum: string | null = null) => ({ rows, checksum });

Deno.test("RC3: match, mismatch and unknown, each with what it rests on", () => {
  const cases = [
    [task(0), at(1000), "match", null],
    [task(0), at(1003), "mismatch", "diff +3"],
    [task(0), at(990), "mismatch", "diff -10"],
    [task(0, { rowsWritten: 0 }), at(0), "match", null],
    [task(0, { status: "pending", rowsWritten: null }), at(5), "unknown", /chunk is pending/],
    [task(0, { status: "failed", rowsWritten: null }), at(5), "unknown", /chunk is failed/],
    [task(0, { rowsWritten: null }), at(5), "unknown", /never completed/],
    [task(0), { problem: "not counted: slow" }, "unknown", "not counted: slow"],
    [task(0, { checksum: "77" }), at(1000, "77"), "match", null],
    [task(0, { checksum: "77" }), at(1000, "78"), "mismatch", /checksum differs/],
    // The count says it already, whatever the checksum.
    [task(0, { checksum: null }), at(999, "78"), "mismatch", "diff -1"],
    [task(0, { checksum: null }), at(1000, "78"), "unknown", /reconcile: checksum/],
    // The server could not hash a row.
    [task(0, { checksum: "77" }), at(1000, "-78"), "unknown", /too long for the server to hash/],
    [task(0, { checksum: "77" }), at(1001, "-78"), "mismatch", "diff +1"],
    // A checksum that was not asked for decides nothing.
    [task(0, { checksum: "77" }), at(1000), "match", null],
  ] as const;
  for (const [stored, source, status, note] of cases) {
    const partition = comparePartition(stored, source);
    equal(partition.status, status);
    if (note instanceof RegExp) match(partition.note ?? "", note);
    else equal(partition.note, note);
  }
});

Deno.test("RC5, RR8: the report has these fields and no others", () => {
  const partitions = [
    comparePartition(task(0), at(1000)),
    comparePartition(task(1), at(1002)),
    comparePartition(task(2, { status: "running", rowsWritten: null }), at(7)),
    comparePartition(task(3, { startKey: null, endKey: null }), { problem: "gone" }),
  ];
  deepEqual(JSON.parse(JSON.stringify(reconcileReport(chunkRun(), partitions))), {
    rivet_version: "0.1.0",
    export_name: "orders",
    run_id: RUN_ID,
    strategy: "chunked",
    partitions: [
      {
        kind: "chunk",
        identifier: "chunk 0 [1..1000]",
        source_count: 1000,
        exported_count: 1000,
        status: "match",
        note: null,
      },
      {
        kind: "chunk",
        identifier: "chunk 1 [1001..2000]",
        source_count: 1002,
        exported_count: 1000,
        status: "mismatch",
        note: "diff +2",
      },
      {
        kind: "chunk",
        identifier: "chunk 2 [2001..3000]",
        source_count: 7,
        exported_count: null,
        status: "unknown",
        note: "never completed: the chunk is running",
      },
      {
        kind: "chunk",
        identifier: "chunk 3 [NULL]",
        source_count: null,
        exported_count: 1000,
        status: "unknown",
        note: "gone",
      },
    ],
    summary: {
      total_partitions: 4,
      matches: 1,
      mismatches: 1,
      unknown: 2,
      total_source_rows: 2009,
      total_exported_rows: 3000,
    },
  });
});

const refusal = (fields: Record<string, unknown>, command: "reconcile" | "repair") => {
  try {
    requireCheckpoint(exportWith(fields), command);
  } catch (error) {
    ok(error instanceof ConfigError);
    return `${error.message} / ${error.hint}`;
  }
  return null;
};

Deno.test("RC4, RR7: other modes are refused with the alternative that fits", () => {
  const chunked = { chunk_column: undefined, chunk_checkpoint: undefined };
  for (const command of ["reconcile", "repair"] as const) {
    const window = { ...chunked, mode: "time_window", time_column: "t", days_window: 3 };
    match(refusal(window, command) ?? "", /'orders' has mode: time_window.*chunk_by_days/);
    const full = { ...chunked, mode: "full" };
    match(refusal(full, command) ?? "", /mode: full.*rivet run --reconcile/);
    const incremental = { ...chunked, mode: "incremental", cursor_column: "id" };
    match(refusal(incremental, command) ?? "", /mode: incremental.*rivet run --reconcile/);
    equal(refusal({}, command), null);
  }
});

Deno.test("RC1: without a checkpoint, or before its first run, it says how to get one", async () => {
  match(refusal({ chunk_checkpoint: false }, "reconcile") ?? "", /Set chunk_checkpoint: true/);
  const state = {
    latestChunkRun: () => Promise.resolve(null),
    chunkTasks: () => Promise.resolve([]),
  };
  await rejects(latestRun(state, exportWith()), (error) => {
    ok(error instanceof RivetError);
    equal(error.code, "CHECKPOINT_MISSING");
    match(error.hint ?? "", /rivet run -c CONFIG -e orders/);
    return true;
  });
});

Deno.test("a stored plan that cannot be read is said to be corrupt", async () => {
  for (const plan of ["", "{}", `{"shape":{"kind":"odd"},"pageRows":null}`]) {
    const state = {
      latestChunkRun: () => Promise.resolve(chunkRun({ plan })),
      chunkTasks: () => Promise.resolve([]),
    };
    await rejects(latestRun(state, exportWith()), { code: "STATE_CORRUPT" });
  }
});

Deno.test("RC2: the query must still be the one that the run read", async () => {
  const run = recorded([task(0)]);
  await requireSameQuery(run, exportWith(), { dialect });
  await rejects(requireSameQuery(run, exportWith({ query: "SELECT 2 AS id" }), { dialect }), {
    code: "CHECKPOINT_MISMATCH",
  });
});

async function compare(
  { source }: AnsweringSource,
  fields: Partial<Comparison> = {},
): Promise<ReturnType<typeof compareChunks>> {
  return await compareChunks((question) => question(source), {
    exported: exportWith(),
    shape: SHAPE,
    tasks: [task(0), task(1)],
    description: null,
    signal: new AbortController().signal,
    ...fields,
  });
}

Deno.test("RC2: one COUNT(*) per chunk, over the SQL that extraction uses", async () => {
  const server = answering(() => ["1000"]);
  const partitions = await compare(server);
  deepEqual(partitions.map((p) => p.status), ["match", "match"]);
  equal(server.asked.length, 2);
  const extraction = chunkSql(dialect, SHAPE, { start: "1", end: "1000" }, ["_rivet.*"]);
  const unordered = extraction.replace(/ ORDER BY .*$/, "");
  equal(server.asked[0], `SELECT (COUNT(*))::text FROM (\n${unordered}\n) AS _rc`);
});

Deno.test("checksum: count and sum in the same statement, over what was selected", async () => {
  const server = answering((sql) => sql.includes("BETWEEN 1 AND") ? ["1000", "5"] : ["1000", "6"]);
  const description = await server.source.describe("", new Map());
  const tasks = [task(0, { checksum: "5" }), task(1, { checksum: "5" })];
  const partitions = await compare(server, { description, tasks });
  deepEqual(partitions.map((p) => p.status), ["match", "mismatch"]);
  equal(server.asked.length, 2);
  match(
    server.asked[0],
    /^SELECT \(COUNT\(\*\)\)::text, \(COALESCE\(SUM\(.*RECORD_SEND\(_rivet\.\*\)/,
  );
  match(server.asked[0], /SELECT _rivet\."id" FROM/);
});

Deno.test("checksum: each chunk is asked for in the form that was kept of it", async () => {
  const server = answering((sql) => ["1000", sql.includes("RECORD_SEND") ? "5" : "-3"]);
  const description = await server.source.describe("", new Map());
  const tasks = ["5", "lookup3:-3", "lookup3:5", "newer:5"].map((checksum, i) =>
    task(i, { checksum })
  );
  const partitions = await compare(server, { description, tasks });
  deepEqual(partitions.map((p) => [p.status, p.note]), [
    ["match", null],
    ["match", null],
    ["mismatch", "checksum differs: values changed, the count did not"],
    ["unknown", "its checksum is of the form 'newer', which is not known here"],
  ]);
  equal(server.asked.length, 3);
});

Deno.test("checksum: an engine without one says so", async () => {
  const server = answering(() => ["1000"]);
  const description = await server.source.describe("", new Map());
  const { rowChecksum: _, ...plain } = dialect;
  const source = { ...server.source, dialect: plain };
  const [{ name }] = description.columns;
  await rejects(compare({ ...server, source }, { description }), {
    code: "NOT_AVAILABLE",
    message: /checksums are not available for/,
    hint: /set reconcile: count/,
  });
  const partial = {
    ...server.source,
    checksumObstacle: () => `column "${name}" of type x: it has no form`,
  };
  await rejects(compare({ ...server, source: partial }, { description }), {
    code: "NOT_AVAILABLE",
    message: new RegExp(
      `no checksum is known on .* for column "${name}" of type x: it has no form`,
    ),
    hint: /as text/,
  });
  equal(server.asked.length, 0);
});

Deno.test("RC3: a chunk that runs into its timeout is unknown, and the others are still asked", async () => {
  const server = answering((sql) => {
    if (!sql.includes("BETWEEN 1 AND")) return ["1000"];
    throw new SourceError("SOURCE_TIMEOUT", "statement_timeout", { category: "permanent" });
  });
  const partitions = await compare(server);
  deepEqual(partitions.map((p) => [p.status, p.source_count]), [["unknown", null], [
    "match",
    1000,
  ]]);
  match(partitions[0].note ?? "", /not counted: statement_timeout/);
  const broken = answering(() => {
    throw new SourceError("SOURCE_OBJECT_NOT_FOUND", "no table");
  });
  await rejects(compare(broken), { code: "SOURCE_OBJECT_NOT_FOUND" });
});

Deno.test("RC3: keys that are no bounds are unknown and never reach the source", async () => {
  const server = answering(() => ["1000"]);
  const tasks = [
    task(0, { startKey: "1; DROP TABLE orders" }),
    task(1, { startKey: null }),
    task(2, { endKey: "" }),
  ];
  const partitions = await compare(server, { tasks });
  deepEqual(
    partitions.map((p) => [p.status, p.note]),
    [0, 1, 2].map(() => [
      "unknown",
      "the keys of the chunk are no range bounds",
    ]),
  );
  deepEqual(server.asked, []);
});

Deno.test("bounds by shape", () => {
  const of = (kind: CutKind, start: string | null, end: string | null) =>
    areBoundsOf({ ...SHAPE, kind }, { start, end });
  ok(of("range", "-5", "10") && of("range", null, null) && !of("range", "1.5", "2"));
  ok(of("dense_keys", null, "a'b") && of("dense_keys", "a", null) && of("dense_keys", null, null));
  ok(of("days", "2026-01-01", "2026-01-31") && of("days", null, null));
  ok(of("days", null, "2026-01-31") && of("days", "2026-01-01", null));
  ok(of("days", "2026-01-01 00:00:00+00", "2026-01-31 00:00:00+00"));
  ok(!of("days", "today", "tomorrow") && !of("days", "2026-01-01", "tomorrow"));
  ok(of("key", null, "a'b") && of("key", "a", null) && of("key", null, null));
});

interface Verified {
  readonly value: string;
  readonly runId: string;
  readonly strategy: string;
}

async function reconcile(
  rows: string,
  options: { status?: "completed" | "in_progress"; tasks?: ReturnType<typeof task>[] } = {},
): Promise<readonly Verified[]> {
  const verified: Verified[] = [];
  const state: Partial<StateStore> = {
    latestChunkRun: () => Promise.resolve(chunkRun({ status: options.status ?? "completed" })),
    chunkTasks: () => Promise.resolve(options.tasks ?? [task(0), task(1)]),
    ...granting({
      verifyProgress: ({ value, runId, strategy }) => {
        verified.push({ value, runId, strategy });
        return Promise.resolve();
      },
    }),
  };
  const { source } = answering(() => [rows]);
  const connect = () => Promise.resolve(source);
  const factory = { type: "postgres", title: "Postgres", dialect, connect } as const;
  const config = loadedConfig({});
  const report = await reconcileExport(
    { state: state as StateStore, source: () => Promise.resolve(factory) },
    {
      config,
      exported: config.exports[0],
      checksum: false,
      signal: new AbortController().signal,
    },
  );
  equal(isClean(report), report.summary.matches === report.summary.total_partitions);
  return verified;
}

Deno.test("RC6, PG5: verified moves only on zero mismatches and zero unknowns", async () => {
  deepEqual(await reconcile("1000"), [{ value: "1", runId: RUN_ID, strategy: "chunked" }]);
  deepEqual(await reconcile("999"), []);
  const unknown = [task(0), task(1, { status: "pending", rowsWritten: null })];
  deepEqual(await reconcile("1000", { tasks: unknown }), []);
  // Every chunk matches, but the run's manifest was never written.
  deepEqual(await reconcile("1000", { status: "in_progress" }), []);
  deepEqual(await reconcile("1000", { tasks: [] }), []);
});
