/** The columns of a result for `kit/describe.ts`. */
import type { RivetType } from "../../../core/types/types.ts";
import { isRefusal, type ResultColumn } from "../kit/describe.ts";
import { quoteIdentifier } from "./dialect.ts";
import { isNotNull, type NativeField, nativeName } from "./fields.ts";
import { type Cast, isGeometry, planColumn } from "./types.ts";

const TEXT: RivetType = { kind: "text" };

/** What to write in the query for a type that has no counterpart. */
function castOf(column: string, native: string): string {
  if (isGeometry(native)) return `ST_AsText(${column})`;
  if (native === "vector") return `VECTOR_TO_STRING(${column})`;
  if (native.startsWith("bit")) return `${column} + 0`;
  return `CAST(${column} AS CHAR)`;
}

const CASTS: Record<Cast, (column: string) => string> = {
  double: (column) => `${column} * 1e0`,
  wkt: (column) => `ST_AsText(${column})`,
  wkb: (column) => `ST_AsBinary(${column})`,
};

/** Grouping sets bring NULLs into columns that the server still calls NOT NULL. */
const BRINGS_NULLS = /\b(rollup|cube|grouping)\b/i;

function resultColumn(field: NativeField, nullable: boolean): ResultColumn {
  const { name } = field;
  const quoted = quoteIdentifier(name);
  const nativeType = nativeName(field);
  return {
    name,
    quoted,
    nativeType,
    nullable,
    plan(override) {
      const plan = planColumn(nativeType, override);
      if (isRefusal(plan)) return plan;
      const { type, fidelity, cast } = plan;
      return { type, fidelity, expression: cast && CASTS[cast](`_rivet.${quoted}`) };
    },
    remedy: () => ({
      override: isRefusal(planColumn(nativeType, TEXT)) ? null : TEXT,
      cast: castOf(quoted, nativeType),
    }),
  };
}

/** @param fields of the query's result, as the server described them. */
export function resultColumns(query: string, fields: readonly NativeField[]): ResultColumn[] {
  const nullsAnywhere = BRINGS_NULLS.test(query);
  return fields.map((field) => resultColumn(field, nullsAnywhere || !isNotNull(field)));
}
