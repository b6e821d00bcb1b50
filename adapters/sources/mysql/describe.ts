/** Columns of a query and the select list that makes them decodable. */
import { SourceError } from "../../../core/base/errors.ts";
import type { Description, InspectedColumn } from "../../../core/ports/source.ts";
import { type Column, formatType, type RivetType } from "../../../core/types/types.ts";
import { checkOverrides } from "../kit/overrides.ts";
import { quoteIdentifier } from "./dialect.ts";
import { isNotNull, type NativeField, nativeName } from "./fields.ts";
import { type Cast, isGeometry, isRefusal, planColumn } from "./types.ts";

/** A column that cannot be read as it is or as asked. */
interface Problem {
  readonly line: string;
  /** For `columns:`; undefined when no override helps. */
  readonly remedy: string | undefined;
  /** For the query. */
  readonly cast: string;
}

/** What to write in the query for a type that has no counterpart. */
function castOf(column: string, native: string): string {
  if (isGeometry(native)) return `ST_AsText(${column}) AS ${column}`;
  if (native === "vector") return `VECTOR_TO_STRING(${column}) AS ${column}`;
  if (native.startsWith("bit")) return `${column} + 0 AS ${column}`;
  return `CAST(${column} AS CHAR) AS ${column}`;
}

function problemOf(
  name: string,
  native: string,
  override: RivetType | undefined,
  reason: string,
): Problem {
  const column = quoteIdentifier(name);
  const wanted = override === undefined ? "" : ` (columns: asks for ${formatType(override)})`;
  return {
    line: `${column} ${native}: ${reason}${wanted}`,
    remedy: isRefusal(planColumn(native, { kind: "text" }))
      ? undefined
      : `${JSON.stringify(name)}: text`,
    cast: castOf(column, native),
  };
}

function unsupported(problems: readonly Problem[]): SourceError {
  const subject = problems.length === 1 ? "a column" : `${problems.length} columns`;
  const lines = problems.map((problem) => `  ${problem.line}`).join("\n");
  const remedies = problems.map((p) => p.remedy).filter((r) => r !== undefined);
  const casts = problems.map((p) => p.cast).join(", ");
  const columns = `Set columns: { ${remedies.join(", ")} } on the export, or cast`;
  return new SourceError("TYPE_UNSUPPORTED", `${subject} cannot be exported as is:\n${lines}`, {
    hint: `${remedies.length === 0 ? "Cast" : columns} in the query: ${casts}`,
  });
}

const CASTS: Record<Cast, (column: string) => string> = {
  double: (column) => `${column} * 1e0`,
  wkt: (column) => `ST_AsText(${column})`,
  wkb: (column) => `ST_AsBinary(${column})`,
};

function selectExpression(name: string, cast: Cast | null): string {
  const column = quoteIdentifier(name);
  return cast === null ? `_rivet.${column}` : `${CASTS[cast](`_rivet.${column}`)} AS ${column}`;
}

/** @throws ConfigError for an override of no column. */
export function inspectQuery(
  query: string,
  fields: readonly NativeField[],
  overrides: ReadonlyMap<string, RivetType>,
): InspectedColumn[] {
  checkOverrides(fields, overrides);
  const nullsAnywhere = BRINGS_NULLS.test(query);
  return fields.map((field) => {
    const native = nativeName(field);
    const plan = planColumn(native, overrides.get(field.name));
    const nullable = nullsAnywhere || !isNotNull(field);
    const common = { name: field.name, nativeType: native, nullable };
    if (!isRefusal(plan)) {
      return { ...common, type: plan.type, fidelity: plan.fidelity, refusal: null };
    }
    const text: RivetType = { kind: "text" };
    const refusal = {
      reason: plan.reason,
      override: isRefusal(planColumn(native, text)) ? null : text,
      cast: castOf(quoteIdentifier(field.name), native),
    };
    return { ...common, type: null, fidelity: "unsupported", refusal };
  });
}

/** Grouping sets bring NULLs into columns that the server still calls NOT NULL. */
const BRINGS_NULLS = /\b(rollup|cube|grouping)\b/i;

/**
 * @param fields of the query's result, as the server described them.
 * @throws ConfigError for an override of no column, SourceError TYPE_UNSUPPORTED naming every problem.
 */
export function planQuery(
  query: string,
  fields: readonly NativeField[],
  overrides: ReadonlyMap<string, RivetType>,
): Description {
  checkOverrides(fields, overrides);
  const columns: Column[] = [];
  const selectList: string[] = [];
  const problems: Problem[] = [];
  const nullsAnywhere = BRINGS_NULLS.test(query);
  for (const field of fields) {
    const { name } = field;
    const native = nativeName(field);
    const override = overrides.get(name);
    const plan = planColumn(native, override);
    if (isRefusal(plan)) {
      problems.push(problemOf(name, native, override, plan.reason));
      continue;
    }
    columns.push({
      name,
      type: plan.type,
      nullable: nullsAnywhere || !isNotNull(field),
      nativeType: native,
      fidelity: plan.fidelity,
    });
    selectList.push(selectExpression(name, plan.cast));
  }
  if (problems.length > 0) throw unsupported(problems);
  return { columns, selectList };
}
