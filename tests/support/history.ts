/** A state with the history of many exports, as runs would have left it; the same one for the same size. */
import type { SqlConnection, SqlExecutor, SqlParameter } from "../../state/connection.ts";
import { insertRows } from "../../state/tables/insert.ts";

export interface HistorySize {
  /** Names, the first of which has a chunked run with parts that were written again. */
  readonly exports: readonly string[];
  /** Of all exports together. */
  readonly runs: number;
  /** When the first one begins, and the time between two. */
  readonly from: Date;
  readonly everyMs: number;
}

/** The same numbers in every process, from 0 to 1. */
function numbers(): () => number {
  let seed = 42;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
}

const METRICS = [
  ...["run_id", "export_name", "mode", "status", "started_at", "finished_at", "duration_ms"],
  ...["row_count", "file_count", "bytes", "peak_rss_mb", "retries", "profile", "format"],
  ...["error_code", "error_message"],
];
const JOURNAL = ["run_id", "export_name", "seq", "at", "event", "data_json"];

interface Run {
  readonly id: string;
  readonly name: string;
  readonly began: number;
  readonly chunks: number;
  readonly status: string;
  readonly rows: number;
  readonly bytes: number;
  readonly ms: number;
  readonly retries: number;
}

function metricRow(run: Run): SqlParameter[] {
  const failed = run.status === "failed";
  const files = failed ? 0 : run.chunks;
  return [
    ...[run.id, run.name, run.chunks > 1 ? "chunked" : "incremental", run.status],
    ...[new Date(run.began).toISOString(), new Date(run.began + run.ms).toISOString(), run.ms],
    ...[run.rows, files, run.bytes, 180.5, run.retries, "balanced", "parquet"],
    ...(failed
      ? ["SOURCE_TIMEOUT", "canceling statement due to statement timeout <script>alert(1)</script>"]
      : [null, null]),
  ];
}

/** A run's chunks, which four lanes take in turns; the times of each are a share of the run's. */
function timed(run: Run, random: () => number): Record<string, unknown>[] {
  const lanes = Math.min(4, run.chunks);
  const free = Array.from({ length: lanes }, () => run.began + 40);
  return Array.from({ length: run.chunks }, (_, chunk) => {
    const lane = free.indexOf(Math.min(...free));
    const total = run.ms * lanes / run.chunks * (0.6 + 0.35 * random());
    const times = {
      retry_ms: run.retries > 0 && chunk === 1 ? Math.round(total * 0.2) : 0,
      queue_ms: lane === 3 ? Math.round(total * 0.25) : 0,
      read_ms: Math.round(total * (0.3 + 0.2 * random())),
      rest_ms: chunk % 5 === 0 ? Math.round(total * 0.08) : 0,
      encode_ms: Math.round(total * 0.2),
      put_ms: Math.round(total * 0.1),
      state_ms: Math.round(total * 0.02),
    };
    const began_at = new Date(free[lane]).toISOString();
    free[lane] += Object.values(times).reduce((sum, ms) => sum + ms, 0) + 3;
    return {
      ...{ chunk: run.chunks === 1 ? null : chunk, lane, reader: lane % 3, began_at },
      ...{ rows: Math.round(run.rows / run.chunks), bytes: Math.round(run.bytes / run.chunks) },
      ...times,
      longest_statement_ms: times.read_ms,
    };
  });
}

function journalRows(run: Run, random: () => number, n: number): SqlParameter[][] {
  const units = run.status === "failed" ? [] : timed(run, random);
  const names = Object.keys(units[0] ?? {}).filter((name) => /_ms$/.test(name));
  const sum = (name: string) => units.reduce((total, unit) => total + Number(unit[name]), 0);
  const longest = Math.max(0, ...units.map((unit) => Number(unit.longest_statement_ms)));
  const times = units.length === 0 ? null : {
    ...Object.fromEntries(names.map((name) => [name, sum(name)])),
    longest_statement_ms: longest,
  };
  const events: [string, Record<string, unknown>][] = [
    ["started", { mode: "chunked" }],
    ...units.map((unit): [string, Record<string, unknown>] => ["timed", unit]),
  ];
  for (let retry = 1; retry <= run.retries; retry++) {
    events.push(["retry", { step: "read", unit: "chunk 1", retry, code: "SOURCE_TIMEOUT" }]);
  }
  if (n % 97 === 13) {
    events.push(["schema_changed", { changes: ["column discount numeric(10,2) was added"] }]);
  }
  if (n % 211 === 17) {
    events.push(["quality_failed", { failures: ["column email: 3.1 % NULL, above 1 %"] }]);
  }
  if (n % 53 === 5) {
    const because = ["12 sessions are active", "a statement took 4,210 ms"];
    events.push(["pace_changed", { readers: 2, batch_percent: 50, because }]);
  }
  const { status, rows, bytes, ms } = run;
  events.push(["finished", { status, rows, files: 1, bytes, duration_ms: ms, error: null, times }]);
  const at = new Date(run.began + ms).toISOString();
  return events.map((
    [event, data],
    i,
  ) => [run.id, run.name, i + 1, at, event, JSON.stringify(data)]);
}

function runOf(size: HistorySize, n: number, random: () => number): Run {
  const name = size.exports[n % size.exports.length];
  const began = size.from.getTime() + n * size.everyMs;
  const draw = random();
  const status = draw < 0.03
    ? "failed"
    : draw < 0.05
    ? "interrupted"
    : draw < 0.09
    ? "skipped"
    : "success";
  const chunks = n % size.exports.length === 0 ? 24 : 1;
  const rows = status === "success"
    ? Math.round((n % size.exports.length + 1) * 40_000 * (0.7 + 0.6 * random()))
    : 0;
  return {
    ...{ name, began, status, rows, chunks, bytes: rows * 61 },
    id: `${name}_${new Date(began).toISOString().replace(/[-:Z]/g, "")}`,
    ms: 800 + Math.round(rows / 90 * (0.8 + 0.4 * random())),
    retries: random() < 0.04 ? 2 : 0,
  };
}

/** The newest run of the first export: in chunks, of which one was written again. */
async function checkpoint(tx: SqlExecutor, run: Run): Promise<void> {
  const at = new Date(run.began).toISOString();
  const columns = ["run_id", "export_name", "plan_fingerprint", "status", "max_attempts"];
  await insertRows(tx, "chunk_run", [...columns, "created_at", "updated_at", "plan_json"], [
    [run.id, run.name, "xxh3:0", "completed", 3, at, at, "{}"],
  ]);
  const tasks = Array.from({ length: run.chunks }, (_, chunk): SqlParameter[] => {
    const part = (suffix: string, status?: string) => ({
      path: `${run.name}_chunk${chunk}${suffix}.parquet`,
      ...{ rows: Math.round(run.rows / run.chunks), sizeBytes: Math.round(run.bytes / run.chunks) },
      ...{ fingerprint: "xxh3:0", md5: "", chunkIndex: chunk, status },
    });
    const parts = chunk === 2 ? [part("", "superseded"), part("_8c1d02")] : [part("")];
    return [run.id, chunk, "completed", 1, part("").rows, JSON.stringify(parts), at];
  });
  const task = ["run_id", "chunk_index", "status", "attempts", "rows_written", "parts_json"];
  await insertRows(tx, "chunk_task", [...task, "updated_at"], tasks);
}

/** Fills a state whose schema is there, in one transaction. @returns the id of the newest chunked run */
export async function fillHistory(db: SqlConnection, size: HistorySize): Promise<string> {
  const random = numbers();
  const runs = Array.from({ length: size.runs }, (_, n) => runOf(size, n, random));
  const newest = runs.findLast(({ chunks, status }) => chunks > 1 && status === "success");
  if (newest === undefined) throw new Error("no run of several chunks succeeded");
  const batch = 2000;
  await db.transaction(async (tx) => {
    for (let start = 0; start < runs.length; start += batch) {
      const some = runs.slice(start, start + batch);
      await insertRows(tx, "export_metrics", METRICS, some.map(metricRow));
      await insertRows(
        tx,
        "export_run",
        ["run_id", "export_name", "sequence", "begun_at"],
        some.map((
          { id, name, began },
          i,
        ) => [id, name, start + i + 1, new Date(began).toISOString()]),
      );
      const events = some.flatMap((run, i) => journalRows(run, random, start + i));
      await insertRows(tx, "run_journal", JOURNAL, events);
    }
    const last = new Map(runs.map((run) => [run.name, run]));
    await insertRows(
      tx,
      "export_progression",
      ["export_name", "committed_strategy", "committed_value", "committed_run_id", "committed_at"],
      [...last.values()].map(({ name, id, chunks, began }) => [
        ...[
          name,
          chunks > 1 ? "chunked" : "incremental",
          chunks > 1 ? "23" : "2026-11-26 23:59:59.123456",
        ],
        ...[id, new Date(began).toISOString()],
      ]),
    );
    await checkpoint(tx, newest);
  });
  return newest.id;
}
