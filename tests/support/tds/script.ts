/** Answers that most scripts share. */
import type { Rule, Step } from "./server.ts";
import { colMetadata, done, nbcRow, row } from "./tokens.ts";
import { type Cell, type TdsColumn, types } from "./types.ts";

export function column(name: string, type: TdsColumn["type"], nullable = true): TdsColumn {
  return { name, type, nullable };
}

export interface ResultOptions {
  readonly nbc?: boolean;
}

/** The columns of a result, as the server's traits have them. */
export const columnsOf = (columns: readonly TdsColumn[]): Step => (traits) =>
  colMetadata(columns, traits);

/** A row of a result, as the server's traits have it. */
export const rowOf = (columns: readonly TdsColumn[], cells: readonly Cell[]): Step => (traits) =>
  row(columns, cells, traits);

/** A whole result: its columns, its rows, its end. */
export function* result(
  columns: readonly TdsColumn[],
  rows: Iterable<readonly Cell[]>,
  { nbc = false }: ResultOptions = {},
): Generator<Step> {
  yield columnsOf(columns);
  let count = 0;
  for (const cells of rows) {
    count++;
    yield nbc ? (traits) => nbcRow(columns, cells, traits) : rowOf(columns, cells);
  }
  yield done({ more: true, rows: count });
}

export interface SessionFacts {
  /** `@@SPID` of the first and of every later statement. */
  readonly sessions?: readonly [number, number];
  readonly edition?: number;
  readonly snapshots?: number;
}

/** What a connection asks about itself. */
export function sessionRules(
  { sessions = [51, 51], edition = 3, snapshots = 1 }: SessionFacts = {},
): Rule[] {
  const spid = column("", types.smallint());
  const int = column("", types.int());
  return [
    {
      sql: "SERVERPROPERTY",
      reply: () =>
        result([spid, column("", types.nvarchar(128)), int], [
          [sessions[0], "16.0.4135.4", edition],
        ]),
    },
    // After the rules of tables, which may have some.
    { sql: "is_hidden = 1", reply: () => result([column("", types.nvarchar(128))], []) },
    {
      sql: "snapshot_isolation_state",
      reply: () => result([spid, int], [[sessions[1], snapshots]]),
    },
  ];
}

/** Answers the probe of a query and the statement that reads it. `sql` is part of both. */
export function tableRules(
  sql: string,
  columns: readonly TdsColumn[],
  rows: Iterable<readonly Cell[]>,
  options: ResultOptions = {},
): Rule[] {
  const text = sql.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return [
    { sql: new RegExp(`SELECT TOP \\(0\\)[^]*${text}`), reply: () => result(columns, []) },
    { sql, reply: () => result(columns, rows, options) },
  ];
}
