/** The columns of a result for `kit/describe.ts`. */
import { SourceError } from "../../../core/base/errors.ts";
import { MAX_DECIMAL_DIGITS, type RivetType } from "../../../core/types/types.ts";
import { isRefusal, type Remedy, type ResultColumn } from "../kit/describe.ts";
import { quoteIdentifier } from "./dialect.ts";
import { arraySql, type ColumnPlan, conversionSql, type NativeType, planColumn } from "./types.ts";
import type { ResultField } from "./wire/server_messages.ts";

export function checkNames(fields: readonly ResultField[]): void {
  if (fields.length === 0) {
    throw new SourceError("SOURCE_QUERY", "the query has no columns");
  }
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  if (twice.size === 0) return;
  const names = [...twice].map((name) => `"${name}"`).join(", ");
  throw new SourceError("SOURCE_QUERY", `the query has more than one column named ${names}`, {
    hint: "Name every column once: SELECT a.id, b.id AS b_id ...",
  });
}

/** What `columns:` has to say about a refused column; every type has a text form. */
function overrideFor(native: NativeType, override: RivetType | undefined): RivetType {
  if (!native.name.startsWith("numeric") || override !== undefined) return { kind: "text" };
  // Without a declared scale there is none to keep; else the widest decimal of that scale.
  const scale = /,(-?\d+)\)/.exec(native.name)?.[1];
  const decimal: RivetType = scale === undefined
    ? { kind: "decimal", precision: 38, scale: 18 }
    : { kind: "decimal", precision: MAX_DECIMAL_DIGITS, scale: clamp(Number(scale)) };
  return native.name.endsWith("[]") ? { kind: "list", element: decimal } : decimal;
}

function clamp(scale: number): number {
  return Math.min(MAX_DECIMAL_DIGITS, Math.max(0, scale));
}

function remedyOf(quoted: string, override: RivetType): Remedy {
  const type = override.kind === "decimal"
    ? `numeric(${override.precision},${override.scale})`
    : "text";
  return { override, cast: `${quoted}::${type}`, keepsName: true };
}

function expressionOf(quoted: string, { via, elements }: ColumnPlan): string | null {
  if (via === null) return null;
  const column = `_rivet.${quoted}`;
  return elements ? arraySql(via, column) : conversionSql(via, column);
}

/** @param native type of the field, which the server calls NOT NULL or does not. */
export function resultColumn(
  { name }: ResultField,
  native: NativeType,
  notNull: boolean,
): ResultColumn {
  const quoted = quoteIdentifier(name);
  return {
    name,
    quoted,
    nativeType: native.name,
    nullable: !notNull,
    plan(override) {
      const plan = planColumn(native, override);
      if (isRefusal(plan)) return plan;
      const { type, fidelity } = plan;
      return { type, fidelity, expression: expressionOf(quoted, plan) };
    },
    remedy: (override) => remedyOf(quoted, overrideFor(native, override)),
  };
}
