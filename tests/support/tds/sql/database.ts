/** A scripted server with tables: answers what an export asks by evaluating it. */
import { column, result } from "../script.ts";
import type { Rule } from "../server.ts";
import { done, error } from "../tokens.ts";
import { types as t } from "../types.ts";
import { type RowSet, runSelect, type Tables } from "./select.ts";
import { DEFAULT_COLLATION, type SqlType, sqlType, tdsType } from "./sql_type.ts";
import { cellOf, convert, isCodePage, isUnicode, SqlError, type Value } from "./values.ts";

export interface TableColumn {
  readonly name: string;
  /** `decimal(10,2)`, `varchar(20) COLLATE Cyrillic_General_CI_AS`. */
  readonly type: string;
  /** Of a period (`GENERATED ALWAYS AS ROW START HIDDEN`): `*` leaves it out. */
  readonly hidden?: boolean;
}

export interface TableDefinition {
  readonly columns: readonly TableColumn[];
  /** Values as text that the type takes; binary as hexadecimal digits. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly primaryKey?: string;
}

const TEXT = sqlType("nvarchar(max)");

/** The value that a text stands for in a column of the type. */
export function valueOf(text: string | null, type: SqlType): Value {
  if (type.name.endsWith("binary") || type.name === "rowversion") {
    return convert(text, TEXT, type, 2);
  }
  return convert(text, TEXT, type);
}

export function tableOf({ columns, rows }: TableDefinition): RowSet {
  const types = columns.map(({ type }) => sqlType(type));
  return {
    columns: columns.map(({ name, hidden }, i) => ({ name, type: types[i], hidden })),
    rows: rows.map((cells) => cells.map((text, i) => valueOf(text, types[i]))),
  };
}

const SETTINGS = /^(?:\s*SET [^;\n]+;)*\s*/;

function evaluate(sql: string, tables: Tables) {
  try {
    const { columns, rows } = runSelect(sql.replace(SETTINGS, ""), tables);
    const types = columns.map(({ type }) => type);
    return result(
      columns.map(({ name, type }) => column(name, tdsType(type))),
      rows.map((row) => row.map((value, i) => cellOf(value, types[i]))),
    );
  } catch (failure) {
    if (failure instanceof SqlError) return [error(failure.number, failure.message)];
    throw failure;
  }
}

const NAME = column("", t.nvarchar(128));
const INT = column("", t.int());

const ROWS = '<ShowPlanXML><StmtSimple StatementEstRows="';

function catalogRules(definitions: Readonly<Record<string, TableDefinition>>): Rule[] {
  const nameIn = (sql: string) => /N'(?:\[\w+\]\.)?\[(\w+)\]'/.exec(sql)?.[1] ?? "";
  const keyOf = (sql: string) => {
    const definition = definitions[nameIn(sql)];
    return definition?.columns.find(({ name }) => name === definition.primaryKey);
  };
  return [
    { sql: /BEGIN TRANSACTION|COMMIT/, reply: () => [done({ more: true })] },
    {
      sql: "is_primary_key",
      reply(sql) {
        const key = keyOf(sql);
        if (key === undefined) return result([NAME, INT, INT], []);
        return result([NAME, INT, INT], [[key.name, /int$/.test(key.type) ? 1 : 0, 1]]);
      },
    },
    {
      sql: "is_hidden = 1",
      reply: (sql) =>
        result(
          [NAME],
          definitions[nameIn(sql)]?.columns.filter(({ hidden }) => hidden).map((
            { name },
          ) => [name]) ??
            [],
        ),
    },
    {
      sql: "dm_db_stats_histogram",
      reply: () => [error(208, "Invalid object name 'sys.dm_db_stats_histogram'.")],
    },
    {
      sql: /RTRIM\(o\.type\)/,
      reply: () =>
        result(
          [NAME, NAME, column("", t.varchar(2)), INT],
          Object.keys(definitions).map((name) => ["dbo", name, "U", 1]),
        ),
    },
    { sql: /SELECT SCHEMA_NAME\(\)$/, reply: () => result([NAME], [["dbo"]]) },
    {
      sql: "SUM(p.rows)",
      reply: () =>
        result(
          [NAME, INT, INT],
          Object.entries(definitions).map(([name, { rows }]) => [name, rows.length, 1]),
        ),
    },
    {
      sql: "HAS_PERMS_BY_NAME",
      reply: () => result([NAME, INT], Object.keys(definitions).map((name) => [name, 1])),
    },
    {
      sql: "ic.key_ordinal = 1",
      reply: () =>
        result(
          [NAME, NAME],
          Object.entries(definitions).flatMap(([name, { primaryKey }]) =>
            primaryKey === undefined ? [] : [[name, primaryKey]]
          ),
        ),
    },
    {
      sql: "SYSUTCDATETIME",
      reply: () => result([column("", t.bigint())], [[BigInt(Date.now())]]),
    },
  ];
}

function collationRule(tables: () => Tables): Rule {
  return {
    sql: "dm_exec_describe_first_result_set",
    reply(sql) {
      const query = /first_result_set\(N'([^]*)', NULL, 0\)/.exec(sql)?.[1].replaceAll("''", "'");
      const { columns } = runSelect(query ?? "", tables());
      return result(
        [NAME],
        columns.map(({ type }) => [
          isCodePage(type) ? type.collation : isUnicode(type) ? DEFAULT_COLLATION : null,
        ]),
      );
    },
  };
}

/** Rules that go before those of a session. A plan estimates `planned` rows of anything. */
export function databaseRules(
  definitions: Readonly<Record<string, TableDefinition>>,
  planned = 1000,
): Rule[] {
  // Anew for each statement: a test may change the rows.
  const tables = () =>
    Object.fromEntries(
      Object.entries(definitions).map(([name, definition]) => [name, tableOf(definition)]),
    );
  const xml = `${ROWS}${planned}"/></ShowPlanXML>`;
  const plan = [column("Microsoft SQL Server 2005 XML Showplan", t.nvarcharMax())];
  return [
    { sql: "SET SHOWPLAN_XML", reply: () => [done({ more: true })] },
    // Without the settings in front, a statement is asked for its plan.
    { sql: /^SELECT\b(?![^]*SERVERPROPERTY)/, reply: () => result(plan, [[xml]]) },
    ...catalogRules(definitions),
    collationRule(tables),
    {
      sql: /^SET NOCOUNT ON(?![^]*(?:SERVERPROPERTY|snapshot_isolation_state))/,
      reply: (sql) => evaluate(sql, tables()),
    },
  ];
}
