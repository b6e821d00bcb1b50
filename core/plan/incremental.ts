/** The plan of `mode: incremental` (contracts section 5). */
import { logger } from "../log.ts";
import { COALESCED_CURSOR, type CursorShape, incrementalSql } from "../query/incremental.ts";
import { comparedType } from "../query/select.ts";
import { findColumn } from "./columns.ts";
import type { IncrementalStrategy, Planning } from "./export_plan.ts";

export function incrementalStrategy(planning: Planning): Promise<IncrementalStrategy> {
  const { source, exported, base, description, inputs } = planning;
  const { cursor_column, cursor_fallback_column } = exported.config;
  const cursor = findColumn(exported, description, "cursor_column", cursor_column ?? "");
  const fallback = cursor_fallback_column === undefined
    ? null
    : findColumn(exported, description, "cursor_fallback_column", cursor_fallback_column);
  if (fallback === null && cursor.nullable) {
    logger().warn(
      `export '${exported.name}': cursor_column '${cursor.name}' can be NULL, and rows where it is ` +
        "are exported by the first run only; use incremental_cursor_mode: coalesce with a " +
        "cursor_fallback_column that is NOT NULL",
    );
  }
  const shape: CursorShape = {
    base,
    column: cursor.name,
    columnType: comparedType(cursor),
    fallback: fallback?.name ?? null,
  };
  const sql = incrementalSql(source.dialect, shape, inputs.cursor, description.selectList);
  return Promise.resolve({
    kind: "incremental",
    shape,
    after: inputs.cursor,
    read: { kind: "cursor", sql },
    watch: fallback === null ? cursor.name : COALESCED_CURSOR,
  });
}
