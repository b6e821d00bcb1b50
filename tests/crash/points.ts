/** Where runs are killed: the writes of contracts section 1, in every mode that makes them. */

/** Rows of the table `victims`, whose `id` counts from 1; `at` lies an hour before that of the row before. */
export const ROWS = 900;
const CHUNK = 200;

export type Mode =
  | "full"
  | "incremental"
  | "checkpoint"
  | "chunked"
  | "parallel"
  | "window"
  | "days"
  | "dense"
  | "keys"
  | "ranges"
  | "safe"
  | "snapshot";

export const MODES: Record<Mode, string> = {
  full: "mode: full",
  incremental: "mode: incremental\n    cursor_column: id",
  chunked: `mode: chunked\n    chunk_size: ${CHUNK}`,
  checkpoint: `mode: chunked\n    chunk_size: ${CHUNK}\n    chunk_checkpoint: true`,
  parallel: `mode: chunked\n    chunk_size: ${CHUNK}\n    chunk_checkpoint: true\n    parallel: 2`,
  window: "mode: time_window\n    time_column: at\n    days_window: 40000",
  days: "mode: chunked\n    chunk_column: at\n    chunk_by_days: 8\n    chunk_checkpoint: true",
  dense: `mode: chunked\n    chunk_column: id\n    chunk_dense: true\n    chunk_size: ${CHUNK}`,
  keys: `mode: chunked\n    chunk_by_key: id\n    chunk_size: ${CHUNK}\n    chunk_checkpoint: true`,
  ranges: "mode: full\n    parallel: 2",
  safe: "mode: incremental\n    cursor_column: id\n    incremental_safety: commit_safe",
  snapshot: `mode: chunked\n    chunk_size: ${CHUNK}\n    consistency: snapshot`,
};

/** What MySQL has no answer to: these modes need PostgreSQL's transaction ids and snapshots. */
const POSTGRES_ONLY: readonly Mode[] = ["safe", "snapshot"];

export interface CrashSource {
  readonly type: "postgres" | "mysql";
  readonly url: string;
}

/** A write of contracts section 1, and which of its calls to die at. */
interface Point {
  readonly name: string;
  readonly occurrence: number;
  readonly modes: readonly Mode[];
}

const ALL: readonly Mode[] = ["full", "incremental", "chunked", "checkpoint", "parallel"];
const CHUNKED: readonly Mode[] = ["checkpoint", "parallel"];
/** Other ways of reading; the writes after it are the same code for all. */
const READS: readonly Mode[] = [
  "window",
  "days",
  "dense",
  "keys",
  "ranges",
  "safe",
  "snapshot",
];

/** The writes at which the engine matters: while rows are read, and where a read's end is recorded. */
const SOURCE_WRITES = [
  "source.batch",
  "destination.put",
  "state.saveCursor",
  "state.completeChunkTask",
];

const POINTS: readonly Point[] = [
  { name: "source.batch", occurrence: 1, modes: ["window", "days", "dense", "keys", "safe"] },
  { name: "destination.put", occurrence: 1, modes: READS },
  { name: "state.completeChunkTask", occurrence: 2, modes: ["days", "keys"] },
  { name: "state.saveCursor", occurrence: 1, modes: ["safe"] },
  { name: "source.batch", occurrence: 1, modes: ["full", "incremental", "chunked", "checkpoint"] },
  { name: "source.batch", occurrence: 3, modes: ["chunked", "checkpoint"] },
  { name: "destination.put", occurrence: 1, modes: ALL },
  { name: "destination.put", occurrence: 3, modes: ["chunked", "checkpoint", "parallel"] },
  // Of a checkpoint, it is one write with the chunk and the next claim.
  { name: "state.logFile", occurrence: 1, modes: ["full", "incremental", "chunked"] },
  { name: "state.saveCursor", occurrence: 1, modes: ["incremental"] },
  { name: "state.createChunkRun", occurrence: 1, modes: CHUNKED },
  { name: "state.claimChunkTask", occurrence: 2, modes: CHUNKED },
  { name: "state.completeChunkTask", occurrence: 1, modes: CHUNKED },
  { name: "state.completeChunkTask", occurrence: 2, modes: CHUNKED },
  { name: "state.completeChunkTask", occurrence: 4, modes: CHUNKED },
  { name: "state.commitProgress", occurrence: 1, modes: ["incremental"] },
  { name: "state.completeChunkRun", occurrence: 1, modes: CHUNKED },
  { name: "state.saveSchema", occurrence: 1, modes: ALL },
  { name: "destination.replace", occurrence: 1, modes: ALL },
  { name: "destination.replace", occurrence: 2, modes: ALL },
  { name: "destination.replace", occurrence: 3, modes: ALL },
  { name: "destination.replace", occurrence: 4, modes: ALL },
  { name: "state.recordMetric", occurrence: 1, modes: ["full", "checkpoint"] },
  { name: "state.appendJournal", occurrence: 1, modes: ["full", "checkpoint"] },
];

/** One kill. */
export interface CrashCase {
  readonly mode: Mode;
  /** `<port>.<method>` of `victim.ts`. */
  readonly point: string;
  readonly occurrence: number;
  readonly moment: "before" | "after";
}

export function caseName({ mode, moment, point, occurrence }: CrashCase): string {
  return `${mode}: ${moment} ${point} #${occurrence}`;
}

/** Every kill of an engine, or those at which the engine matters. */
export function crashCases(
  engine: CrashSource["type"],
  extent: "every write" | "source" = "every write",
): CrashCase[] {
  const points = extent === "every write"
    ? POINTS
    : POINTS.filter(({ name }) => SOURCE_WRITES.includes(name));
  return points.flatMap(({ name: point, occurrence, modes }) =>
    modes
      .filter((mode) => engine === "postgres" || !POSTGRES_ONLY.includes(mode))
      .flatMap((mode) =>
        // A batch that was handed on is no other moment than the one before what comes next.
        (point === "source.batch" ? ["before"] as const : ["before", "after"] as const)
          .map((moment) => ({ mode, point, occurrence, moment }))
      )
  );
}

/** The table that all of them read. */
export const VICTIMS_SQL: Readonly<Record<CrashSource["type"], string>> = {
  postgres:
    "CREATE TABLE victims (id int PRIMARY KEY, payload text NOT NULL, at timestamptz NOT NULL);" +
    "INSERT INTO victims SELECT i, repeat(md5(i::text), 4), now() - i * interval '1 hour' " +
    `FROM generate_series(1, ${ROWS}) i; ANALYZE victims`,
  mysql:
    "CREATE TABLE victims (id int PRIMARY KEY, payload varchar(200) NOT NULL, at datetime NOT NULL);" +
    "INSERT INTO victims VALUES " +
    Array.from(
      { length: ROWS },
      (_, i) => `(${i + 1}, REPEAT(MD5(${i + 1}), 4), NOW() - INTERVAL ${i} HOUR)`,
    ).join(", "),
};
