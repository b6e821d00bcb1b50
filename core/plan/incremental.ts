/** The plan of `mode: incremental` (contracts section 5). */
import type { IncrementalMode } from "../config/modes.ts";
import { runningOf } from "../access/capabilities.ts";
import { ConfigError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import {
  COALESCED_CURSOR,
  cursorExpression,
  type CursorShape,
  type CursorWindow,
  highestCursorSql,
  incrementalSql,
} from "../query/cursor.ts";
import { requireComparable } from "../query/comparable.ts";
import { columnRef, comparedType, outerSelect } from "../query/select.ts";
import {
  boundByStart,
  boundByWaiting,
  type BoundSettings,
  type CommitBound,
  reportBound,
} from "../extract/commit_bound.ts";
import type { TieSpec } from "../extract/ties.ts";
import type { Column } from "../types/types.ts";
import { findColumn } from "./columns.ts";
import { earlier } from "./cursor_lag.ts";
import type { IncrementalStrategy, Planning } from "./strategy.ts";

export async function incrementalStrategy(
  planning: Planning,
  mode: IncrementalMode,
): Promise<IncrementalStrategy> {
  const { source, description, inputs } = planning;
  const { cursor, fallback, shape, coalesced } = await cursorShape(planning, mode);
  const instant = [cursor, fallback ?? cursor].every(({ type }) =>
    type.kind === "timestamp" && type.utc
  );
  const bound = await commitBound(planning, mode, instant, shape);
  const window: CursorWindow = {
    after: windowStart(planning, mode, cursor),
    ...(bound === null ? {} : { until: bound.until }),
  };
  const sql = incrementalSql(source.dialect, shape, window, description.selectList);
  return {
    kind: "incremental",
    shape,
    after: inputs.cursor,
    window,
    heldBy: bound?.heldBy ?? [],
    ties: bound === null ? null : await tieSpec(planning),
    read: { kind: "cursor", sql },
    watch: (coalesced ?? cursor).name,
    coalesced,
  };
}

interface Cursor {
  readonly cursor: Column;
  readonly fallback: Column | null;
  readonly shape: CursorShape;
  readonly coalesced: Column | null;
}

async function cursorShape(planning: Planning, mode: IncrementalMode): Promise<Cursor> {
  const { exported, base, description } = planning;
  const cursor = findColumn(exported, description, "cursor_column", mode.column);
  const fallback = mode.fallback === null
    ? null
    : findColumn(exported, description, "cursor_fallback_column", mode.fallback);
  if (fallback === null && cursor.nullable) {
    logger().warn(
      `export '${exported.name}': cursor_column '${cursor.name}' can be NULL, and rows where it is ` +
        "are exported by the first run only; use incremental_cursor_mode: coalesce with a " +
        "cursor_fallback_column that is NOT NULL",
    );
  }
  await requireComparable(planning, cursor, "cursor_column");
  const shape = { base, column: cursor.name, fallback: fallback?.name ?? null };
  if (fallback === null) {
    return {
      cursor,
      fallback,
      shape: { ...shape, columnType: comparedType(cursor) },
      coalesced: null,
    };
  }
  await requireComparable(planning, fallback, "cursor_fallback_column");
  const { column, item } = await describeCoalesced(planning, shape);
  return {
    cursor,
    fallback,
    shape: { ...shape, columnType: comparedType(column), coalesced: item },
    coalesced: column,
  };
}

/** The coalesced cursor as the server makes it of two columns, which may be of two types. */
async function describeCoalesced(
  { source, exported, base }: Planning,
  shape: CursorShape,
): Promise<{ readonly column: Column; readonly item: string }> {
  const { dialect } = source;
  const expression = cursorExpression(dialect, shape);
  const name = dialect.quote(COALESCED_CURSOR);
  const query = outerSelect(dialect, { selectList: [`${expression} AS ${name}`], base });
  const override = exported.overrides.get(shape.column);
  const overrides = new Map(override === undefined ? [] : [[COALESCED_CURSOR, override]]);
  const { columns: [column], selectList: [item] } = await source.describe(query, overrides);
  const reference = columnRef(dialect, COALESCED_CURSOR);
  return {
    column: { ...column, nullable: true },
    item: item === reference
      ? `${expression} AS ${name}`
      : item.replace(reference, () => expression),
  };
}

/** The stored cursor; with `cursor_lag` a time before it. Read again itself where that loses nothing. */
function windowStart(
  { exported, inputs }: Planning,
  { lagMs, commitSafe }: IncrementalMode,
  cursor: Column,
): CursorWindow["after"] {
  if (lagMs !== null && cursor.type.kind !== "timestamp" && cursor.type.kind !== "date") {
    throw new ConfigError(
      `export '${exported.name}': cursor_lag needs a cursor of a date or timestamp type; ` +
        `'${cursor.name}' is ${cursor.nativeType}`,
      [],
      { hint: "incremental_safety: commit_safe serves cursors of any type." },
    );
  }
  if (inputs.cursor === null) return null;
  if (lagMs === null) return { value: inputs.cursor, inclusive: commitSafe };
  return { value: earlier(inputs.cursor, lagMs), inclusive: true };
}

/**
 * @param instant the cursor is a point in time. A timestamp without a time zone is not: it was written
 * in a zone that only its writer knows.
 */
async function commitBound(
  planning: Planning,
  { commitSafe, commitWaitMs }: IncrementalMode,
  instant: boolean,
  shape: CursorShape,
): Promise<CommitBound | null> {
  if (!commitSafe) return null;
  const { source, exported, inputs } = planning;
  const running = runningOf(source, exported.name);
  const settings: BoundSettings = { waitMs: commitWaitMs, signal: inputs.signal };
  const highest = async () =>
    (await source.rows(highestCursorSql(source.dialect, shape)))[0]?.[0] ?? null;
  const bound = instant
    ? await boundByStart(running, settings)
    : await boundByWaiting(running, highest, settings);
  reportBound(exported.name, bound);
  return bound;
}

/** Rows are told apart by the primary key of `table:`, else by all their values. */
async function tieSpec(planning: Planning): Promise<TieSpec> {
  const { source, exported, description, inputs } = planning;
  const names = description.columns.map((column) => column.name);
  const key = exported.table === null ? [] : await source.primaryKey?.(exported.table) ?? [];
  return {
    identity: key.length > 0 && key.every((name) => names.includes(name)) ? key : names,
    after: inputs.cursor,
    exported: inputs.ties,
  };
}
