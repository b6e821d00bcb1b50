/**
 * Every version of the state's schema, in order. A released migration is never edited, only followed by
 * another one: `fixtures/state/` holds databases of older versions, and the tests migrate them.
 */
import type { ColumnTypes } from "./connection.ts";

/** One step from the version before. */
export interface Migration {
  readonly version: number;
  readonly statements: (types: ColumnTypes) => readonly string[];
}

/** Cursors, file log, metrics, journal, schema snapshots and chunk checkpoints. */
function mainTables(t: ColumnTypes): string[] {
  return [
    `CREATE TABLE export_state (
      export_name ${t.text} NOT NULL PRIMARY KEY,
      cursor_value ${t.text} NOT NULL,
      updated_at ${t.text} NOT NULL,
      run_id ${t.text} NOT NULL
    )${t.tableSuffix}`,
    `CREATE TABLE export_schema (
      export_name ${t.text} NOT NULL PRIMARY KEY,
      columns_json ${t.text} NOT NULL,
      fingerprint ${t.text} NOT NULL,
      run_id ${t.text} NOT NULL,
      updated_at ${t.text} NOT NULL
    )${t.tableSuffix}`,
    `CREATE TABLE export_shape (
      export_name ${t.text} NOT NULL PRIMARY KEY,
      widths_json ${t.text} NOT NULL,
      run_id ${t.text} NOT NULL,
      updated_at ${t.text} NOT NULL
    )${t.tableSuffix}`,
    `CREATE TABLE file_log (
      id ${t.identity},
      run_id ${t.text} NOT NULL,
      export_name ${t.text} NOT NULL,
      file_name ${t.text} NOT NULL,
      destination ${t.text} NOT NULL,
      row_count ${t.int} NOT NULL,
      size_bytes ${t.int} NOT NULL,
      fingerprint ${t.text} NOT NULL,
      md5 ${t.text} NOT NULL,
      format ${t.text} NOT NULL,
      compression ${t.text} NOT NULL,
      chunk_index ${t.int},
      created_at ${t.text} NOT NULL
    )${t.tableSuffix}`,
    `CREATE INDEX file_log_by_export ON file_log (export_name, id)`,
    `CREATE INDEX file_log_by_run ON file_log (run_id)`,
    `CREATE TABLE export_metrics (
      id ${t.identity},
      run_id ${t.text} NOT NULL,
      export_name ${t.text} NOT NULL,
      mode ${t.text} NOT NULL,
      status ${t.text} NOT NULL,
      started_at ${t.text} NOT NULL,
      finished_at ${t.text} NOT NULL,
      duration_ms ${t.int} NOT NULL,
      row_count ${t.int} NOT NULL,
      file_count ${t.int} NOT NULL,
      bytes ${t.int} NOT NULL,
      peak_rss_mb ${t.real} NOT NULL,
      retries ${t.int} NOT NULL,
      validated ${t.bool},
      reconciled ${t.bool},
      schema_changed ${t.bool},
      profile ${t.text} NOT NULL,
      format ${t.text} NOT NULL,
      error_code ${t.text},
      error_message ${t.text}
    )${t.tableSuffix}`,
    `CREATE INDEX export_metrics_by_export ON export_metrics (export_name, id)`,
    `CREATE TABLE run_journal (
      id ${t.identity},
      run_id ${t.text} NOT NULL,
      export_name ${t.text} NOT NULL,
      seq ${t.int} NOT NULL,
      at ${t.text} NOT NULL,
      event ${t.text} NOT NULL,
      data_json ${t.text} NOT NULL
    )${t.tableSuffix}`,
    `CREATE INDEX run_journal_by_run ON run_journal (run_id, id)`,
    `CREATE INDEX run_journal_by_export ON run_journal (export_name, id)`,
    ...chunkTables(t),
  ];
}

function chunkTables(t: ColumnTypes): string[] {
  return [
    `CREATE TABLE chunk_run (
      run_id ${t.text} NOT NULL PRIMARY KEY,
      export_name ${t.text} NOT NULL,
      plan_fingerprint ${t.text} NOT NULL,
      status ${t.text} NOT NULL,
      max_attempts ${t.int} NOT NULL,
      created_at ${t.text} NOT NULL,
      updated_at ${t.text} NOT NULL,
      plan_json ${t.text} NOT NULL
    )${t.tableSuffix}`,
    // Two processes that start the same export at once: the database lets one of them through.
    `CREATE UNIQUE INDEX chunk_run_in_progress ON chunk_run (export_name) WHERE status = 'in_progress'`,
    `CREATE INDEX chunk_run_by_export ON chunk_run (export_name, created_at)`,
    `CREATE TABLE chunk_task (
      run_id ${t.text} NOT NULL REFERENCES chunk_run (run_id) ON DELETE CASCADE,
      chunk_index ${t.int} NOT NULL,
      start_key ${t.text},
      end_key ${t.text},
      status ${t.text} NOT NULL,
      attempts ${t.int} NOT NULL,
      rows_written ${t.int},
      parts_json ${t.text},
      error ${t.text},
      updated_at ${t.text} NOT NULL,
      PRIMARY KEY (run_id, chunk_index)
    )${t.tableSuffix}`,
    `CREATE INDEX chunk_task_by_status ON chunk_task (run_id, status, chunk_index)`,
  ];
}

/** Committed and verified boundaries, and the checksum that a chunk is verified by. */
function progression(t: ColumnTypes): string[] {
  return [
    `CREATE TABLE export_progression (
      export_name ${t.text} NOT NULL PRIMARY KEY,
      committed_strategy ${t.text},
      committed_value ${t.text},
      committed_run_id ${t.text},
      committed_at ${t.text},
      verified_strategy ${t.text},
      verified_value ${t.text},
      verified_run_id ${t.text},
      verified_at ${t.text}
    )${t.tableSuffix}`,
    `ALTER TABLE chunk_task ADD COLUMN checksum ${t.text}`,
  ];
}

/** One row per invocation over several exports. */
function aggregates(t: ColumnTypes): string[] {
  return [
    `CREATE TABLE run_aggregate (
      aggregate_id ${t.text} NOT NULL PRIMARY KEY,
      started_at ${t.text} NOT NULL,
      finished_at ${t.text} NOT NULL,
      exports ${t.int} NOT NULL,
      succeeded ${t.int} NOT NULL,
      failed ${t.int} NOT NULL,
      skipped ${t.int} NOT NULL,
      row_count ${t.int} NOT NULL,
      bytes ${t.int} NOT NULL,
      detail_json ${t.text} NOT NULL
    )${t.tableSuffix}`,
    `CREATE INDEX run_aggregate_by_start ON run_aggregate (started_at)`,
  ];
}

/** Which rows at the cursor's last value were exported, for commit-safe exports. */
function cursorTies(t: ColumnTypes): string[] {
  return [`ALTER TABLE export_state ADD COLUMN ties_json ${t.text}`];
}

/** Who may write what an export remembers, and the order of runs. */
function leases(t: ColumnTypes): string[] {
  return [
    `CREATE TABLE export_lease (
      export_name ${t.text} NOT NULL PRIMARY KEY,
      number ${t.int} NOT NULL,
      token ${t.text},
      run_id ${t.text},
      last_run_id ${t.text},
      host ${t.text},
      host_id ${t.text},
      pid ${t.int},
      process_start ${t.text},
      acquired_at ${t.text},
      renewed_at ${t.text},
      expires_at ${t.text}
    )${t.tableSuffix}`,
    `CREATE TABLE export_run (
      run_id ${t.text} NOT NULL PRIMARY KEY,
      export_name ${t.text} NOT NULL,
      sequence ${t.int} NOT NULL,
      previous_run_id ${t.text},
      begun_at ${t.text} NOT NULL
    )${t.tableSuffix}`,
    `CREATE INDEX export_run_by_sequence ON export_run (sequence)`,
    `ALTER TABLE run_aggregate ADD COLUMN sequence ${t.int} NOT NULL DEFAULT 0`,
  ];
}

/** The boundaries by the names that queries of before know: one column per kind of boundary. */
function progressionNames(t: ColumnTypes): string[] {
  return (["committed", "verified"] as const).flatMap((what) => {
    const generated = (name: string, type: string, value: string) =>
      `ALTER TABLE export_progression ADD COLUMN last_${what}_${name} ${type}
       GENERATED ALWAYS AS (${value}) ${t.generated}`;
    const of = (strategy: string, value: string) =>
      `CASE WHEN ${what}_strategy = '${strategy}' THEN ${value} END`;
    return [
      generated("strategy", t.text, `${what}_strategy`),
      generated("cursor", t.text, of("incremental", `${what}_value`)),
      generated("chunk_index", t.int, of("chunked", `CAST(${what}_value AS ${t.int})`)),
      generated("run_id", t.text, `${what}_run_id`),
      generated("at", t.text, `${what}_at`),
    ];
  });
}

/** Runs whose chunks several processes share out. */
function sharedRuns(t: ColumnTypes): string[] {
  return [
    `ALTER TABLE chunk_run ADD COLUMN plan_id ${t.text}`,
    `ALTER TABLE chunk_run ADD COLUMN finished_at ${t.text}`,
    `ALTER TABLE chunk_task ADD COLUMN worker ${t.text}`,
    `ALTER TABLE chunk_task ADD COLUMN claimed_at ${t.text}`,
    `ALTER TABLE export_lease ADD COLUMN shared_run ${t.text}`,
    `CREATE TABLE chunk_worker (
      run_id ${t.text} NOT NULL REFERENCES chunk_run (run_id) ON DELETE CASCADE,
      worker ${t.text} NOT NULL,
      task ${t.text} NOT NULL,
      host ${t.text} NOT NULL,
      host_id ${t.text} NOT NULL,
      pid ${t.int} NOT NULL,
      process_start ${t.text},
      started_at ${t.text} NOT NULL,
      renewed_at ${t.text} NOT NULL,
      expires_at ${t.text} NOT NULL,
      ended_at ${t.text},
      PRIMARY KEY (run_id, worker)
    )${t.tableSuffix}`,
  ];
}

/** Every step, from an empty database on. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, statements: mainTables },
  { version: 2, statements: progression },
  { version: 3, statements: aggregates },
  { version: 4, statements: cursorTies },
  { version: 5, statements: leases },
  { version: 6, statements: progressionNames },
  { version: 7, statements: sharedRuns },
];

/** The schema version that this Rivet reads and writes. */
export const STATE_VERSION: number = MIGRATIONS[MIGRATIONS.length - 1].version;
