/** Rules about how an export reads: what each mode needs, excludes and ignores. */
import { CUT_EXCLUSIONS } from "../cut_exclusions.ts";
import { parseDuration } from "../duration.ts";
import type { ExportConfig } from "../schema.ts";
import { MODE_KEYS } from "../schema/export.ts";
import { exclusive, type ExportRule, type Finding } from "./rule.ts";

/** Values that ask for nothing: written under another mode they change nothing. */
const IDLE: Readonly<Record<string, unknown>> = {
  chunk_checkpoint: false,
  chunk_dense: false,
  chunk_by_key: false,
  incremental_cursor_mode: "single_column",
  incremental_safety: "off",
};

const foreignKeys: ExportRule = {
  name: "keys_fit_mode",
  reads: ["mode", ...Object.values(MODE_KEYS).flat()],
  check({ config, written }) {
    const findings: Finding[] = [];
    const given = config as Readonly<Record<string, unknown>>;
    for (const [mode, keys] of Object.entries(MODE_KEYS)) {
      if (mode === config.mode) continue;
      for (const key of keys) {
        if (!written.has(key) || (key in IDLE && given[key] === IDLE[key])) continue;
        findings.push(foreignKey(key, mode, config.mode, written.has("mode")));
      }
    }
    return findings;
  },
};

/** With the mode written down it was chosen, and the key is a leftover; without it, it was forgotten. */
function foreignKey(key: string, owner: string, mode: string, chosen: boolean): Finding {
  return chosen
    ? {
      path: [key],
      message: `ignored: ${key} belongs to mode: ${owner}, and this export has mode: ${mode}`,
      severity: "warning",
    }
    : {
      path: [key],
      message: `${key} belongs to mode: ${owner}, but no mode is given, which means full; ` +
        `write mode: ${owner}`,
    };
}

const incrementalCursor: ExportRule = {
  name: "incremental_needs_cursor_column",
  reads: ["mode", "cursor_column"],
  check: ({ config }) =>
    config.mode === "incremental" && config.cursor_column === undefined
      ? [{ path: ["mode"], message: "mode: incremental needs cursor_column" }]
      : [],
};

const cursorFallback: ExportRule = {
  name: "cc1_fallback_iff_coalesce",
  reads: ["mode", "cursor_column", "cursor_fallback_column", "incremental_cursor_mode"],
  check({ config }) {
    if (config.mode !== "incremental") return [];
    const coalesce = config.incremental_cursor_mode === "coalesce";
    const fallback = config.cursor_fallback_column;
    if (coalesce && fallback === undefined) {
      return [{
        path: ["incremental_cursor_mode"],
        message: "incremental_cursor_mode: coalesce needs cursor_fallback_column (CC1)",
      }];
    }
    if (!coalesce && fallback !== undefined) {
      return [{
        path: ["cursor_fallback_column"],
        message: "cursor_fallback_column needs incremental_cursor_mode: coalesce (CC1)",
      }];
    }
    return fallback !== undefined && fallback === config.cursor_column
      ? [{ path: ["cursor_fallback_column"], message: "is the same column as cursor_column" }]
      : [];
  },
};

const cursorLag: ExportRule = {
  name: "cursor_lag_is_a_duration",
  reads: ["cursor_lag"],
  check: ({ config: { cursor_lag } }) =>
    cursor_lag !== undefined && parseDuration(cursor_lag) === undefined
      ? [{
        path: ["cursor_lag"],
        message:
          `${JSON.stringify(cursor_lag)} is no duration: write a whole number with a unit, ` +
          "e.g. 30s, 15m, 2h, 1d",
      }]
      : [],
};

const commitWait: ExportRule = {
  name: "commit_wait_s_needs_commit_safe",
  reads: ["mode", "incremental_safety", "commit_wait_s"],
  check: ({ config: { mode, incremental_safety, commit_wait_s } }) =>
    mode === "incremental" && commit_wait_s !== undefined && incremental_safety !== "commit_safe"
      ? [{
        path: ["commit_wait_s"],
        message: "commit_wait_s needs incremental_safety: commit_safe",
      }]
      : [],
};

const commitSafeEnd: ExportRule = {
  name: "commit_safe_excludes_snapshot",
  reads: ["mode", "incremental_safety", "consistency"],
  check: ({ config: { mode, incremental_safety, consistency = "statement" } }) =>
    mode === "incremental" && incremental_safety === "commit_safe" && consistency !== "statement"
      ? [{
        path: ["consistency"],
        message:
          "incremental_safety: commit_safe ends a run before rows that may still be committed, " +
          `and consistency: ${consistency} reads to one point in time; choose one of them`,
      }]
      : [],
};

const timeWindowKeys: ExportRule = {
  name: "time_window_needs_column_and_days",
  reads: ["mode", "time_column", "days_window"],
  check({ config }) {
    if (config.mode !== "time_window") return [];
    return (["time_column", "days_window"] as const)
      .filter((key) => config[key] === undefined)
      .map((key) => ({ path: ["mode"], message: `mode: time_window needs ${key}` }));
  },
};

/** `chunk_by_key: true` and a column name both ask for keyset pages. */
function byKey(config: ExportConfig): boolean {
  return config.chunk_by_key !== undefined && config.chunk_by_key !== false;
}

const chunkedColumn: ExportRule = {
  name: "chunked_needs_a_key",
  reads: [
    ...["mode", "table", "query", "query_file"],
    ...["chunk_column", "chunk_by_key", "chunk_by_days", "chunk_by"],
  ],
  check({ config }) {
    if (config.mode !== "chunked" || config.chunk_column !== undefined) return [];
    if (config.chunk_by !== undefined) return [];
    if (config.chunk_by_days !== undefined) {
      return [{ path: ["chunk_by_days"], message: "chunk_by_days needs chunk_column" }];
    }
    if (typeof config.chunk_by_key === "string" || config.table !== undefined) return [];
    return [{
      path: ["mode"],
      message:
        "mode: chunked over a query needs chunk_column, or chunk_by_key with a column's name " +
        "(with table: the primary key is used)",
    }];
  },
};

const chunkSizing: ExportRule = {
  name: "one_way_to_chunk",
  reads: ["mode", ...MODE_KEYS.chunked],
  check({ config }) {
    if (config.mode !== "chunked") return [];
    // Switches that are off take part in no combination.
    const on = {
      ...config,
      chunk_dense: config.chunk_dense === true ? true : undefined,
      chunk_by_key: byKey(config) ? config.chunk_by_key : undefined,
    };
    const pairs = Object.values(CUT_EXCLUSIONS).flat();
    return pairs.flatMap(([a, b, advice]) => exclusive(on, [a, b], advice));
  },
};

const chunkByNeedsTable: ExportRule = {
  name: "chunk_by_needs_table",
  reads: ["mode", "table", "query", "query_file", "chunk_by"],
  check: ({ config: { mode, table, chunk_by } }) =>
    mode === "chunked" && chunk_by !== undefined && table === undefined
      ? [{
        path: ["chunk_by"],
        message: `chunk_by: ${chunk_by} needs table:, whose storage is cut; a query has none`,
      }]
      : [],
};

const ctidNeedsSnapshot: ExportRule = {
  name: "chunk_by_ctid_needs_snapshot",
  reads: ["mode", "chunk_by", "consistency"],
  check({ config: { mode, chunk_by, consistency } }) {
    if (mode !== "chunked" || chunk_by !== "ctid") return [];
    if (consistency === undefined) {
      return [{
        path: ["chunk_by"],
        message: "chunk_by: ctid needs consistency: snapshot or run_snapshot, because an update " +
          "moves a row to another block, where it could be missed or read twice; " +
          "consistency: statement, written out, accepts that",
      }];
    }
    return consistency === "statement"
      ? [{
        path: ["consistency"],
        message: "chunk_by: ctid without a snapshot: rows that are updated while the run goes on " +
          "may be missed or exported twice",
        severity: "warning",
      }]
      : [];
  },
};

/** Why nothing can go on from, or be compared with, chunks by ctid once their snapshot has ended. */
const ctidKeepsNothing: ExportRule = {
  name: "chunk_by_ctid_keeps_no_checkpoint",
  reads: ["mode", "chunk_by", "chunk_checkpoint"],
  check: ({ config: { mode, chunk_by, chunk_checkpoint } }) =>
    mode === "chunked" && chunk_by === "ctid" && chunk_checkpoint
      ? [{
        path: ["chunk_checkpoint"],
        message:
          "chunk_by: ctid keeps no checkpoint: rows have moved to other blocks by the time of " +
          "a --resume, reconcile or repair; leave chunk_checkpoint out, or cut by a column",
      }]
      : [],
};

const partitionsAreSizes: ExportRule = {
  name: "chunk_by_partitions_has_no_size",
  reads: ["mode", "chunk_by", "chunk_size", "chunk_size_memory_mb", "chunk_count"],
  check({ config }) {
    if (config.mode !== "chunked" || config.chunk_by !== "partitions") return [];
    return (["chunk_size", "chunk_size_memory_mb", "chunk_count"] as const)
      .filter((key) => config[key] !== undefined)
      .map((key) => ({
        path: [key],
        message: `${key} and chunk_by: partitions exclude each other; a partition is the chunk`,
      }));
  },
};

const memoryNeedsTable: ExportRule = {
  name: "chunk_size_memory_mb_needs_table",
  reads: ["mode", "table", "query", "query_file", "chunk_size_memory_mb"],
  check: ({ config: { mode, table, chunk_size_memory_mb } }) =>
    mode === "chunked" && chunk_size_memory_mb !== undefined && table === undefined
      ? [{
        path: ["chunk_size_memory_mb"],
        message: "chunk_size_memory_mb needs table:, whose stored size tells how wide a row is; " +
          "with a query write chunk_size",
      }]
      : [],
};

const chunkKeyOnce: ExportRule = {
  name: "chunk_by_key_names_one_column",
  reads: ["mode", "chunk_column", "chunk_by_key"],
  check({ config: { mode, chunk_column, chunk_by_key } }) {
    if (mode !== "chunked" || chunk_column === undefined) return [];
    return typeof chunk_by_key === "string" && chunk_by_key !== chunk_column
      ? [{
        path: ["chunk_by_key"],
        message: `chunk_by_key names ${chunk_by_key}, chunk_column names ${chunk_column}; keep one`,
      }]
      : [];
  },
};

const parallelMode: ExportRule = {
  name: "parallel_fits_mode",
  reads: ["mode", "parallel"],
  check: ({ config: { mode, parallel } }) =>
    parallel > 1 && (mode === "incremental" || mode === "time_window")
      ? [{
        path: ["parallel"],
        message: `ignored: mode: ${mode} has one reader; parallel is for chunked and full`,
        severity: "warning",
      }]
      : [],
};

const snapshotLimit: ExportRule = {
  name: "max_snapshot_s_needs_snapshot",
  reads: ["consistency", "max_snapshot_s"],
  check: ({ config: { consistency = "statement", max_snapshot_s } }) =>
    max_snapshot_s !== undefined && consistency === "statement"
      ? [{
        path: ["max_snapshot_s"],
        message: "max_snapshot_s needs consistency: snapshot or run_snapshot",
      }]
      : [],
};

const checksumChunks: ExportRule = {
  name: "reconcile_checksum_needs_checkpoint",
  reads: ["mode", "reconcile", "chunk_checkpoint"],
  check: ({ config: { mode, reconcile, chunk_checkpoint } }) =>
    reconcile === "checksum" && !(mode === "chunked" && chunk_checkpoint)
      ? [{
        path: ["reconcile"],
        message: "reconcile: checksum compares chunks: it needs mode: chunked with " +
          "chunk_checkpoint: true; reconcile: count works for every mode",
      }]
      : [],
};

/** In the order in which they are asked. */
export const MODE_RULES: readonly ExportRule[] = [
  foreignKeys,
  incrementalCursor,
  cursorFallback,
  cursorLag,
  commitWait,
  commitSafeEnd,
  timeWindowKeys,
  chunkedColumn,
  chunkSizing,
  memoryNeedsTable,
  chunkByNeedsTable,
  ctidNeedsSnapshot,
  ctidKeepsNothing,
  partitionsAreSizes,
  chunkKeyOnce,
  parallelMode,
  snapshotLimit,
  checksumChunks,
];
