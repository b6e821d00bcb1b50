/** Columns of a query and the select list that makes them decodable. */
import { SourceError } from "../../../core/base/errors.ts";
import type { Description, InspectedColumn } from "../../../core/ports/source.ts";
import {
  type Column,
  formatType,
  MAX_DECIMAL_DIGITS,
  type RivetType,
} from "../../../core/types/types.ts";
import type { ResultField } from "./wire/server_messages.ts";
import { checkOverrides } from "../kit/overrides.ts";
import { quoteIdentifier } from "./dialect.ts";
import {
  arraySql,
  type ColumnPlan,
  conversionSql,
  isRefusal,
  type NativeType,
  planColumn,
} from "./types.ts";

/** A query's result as the server described it. */
export interface Probe {
  readonly fields: readonly ResultField[];
  readonly types: readonly NativeType[];
  readonly notNull: readonly boolean[];
}

/** A column that cannot be read as it is or as asked. */
interface Problem {
  readonly name: string;
  readonly line: string;
  /** For `columns:`. */
  readonly remedy: string;
  /** For the query. */
  readonly cast: string;
}

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

function problemOf(
  name: string,
  native: NativeType,
  override: RivetType | undefined,
  reason: string,
): Problem {
  const column = quoteIdentifier(name);
  const wanted = override === undefined ? "" : ` (columns: asks for ${formatType(override)})`;
  const meant = overrideFor(native, override);
  return {
    name,
    line: `${column} ${native.name}: ${reason}${wanted}`,
    remedy: `${JSON.stringify(name)}: ${
      meant.kind === "text" ? "text" : JSON.stringify(formatType(meant))
    }`,
    cast: meant.kind === "decimal"
      ? `${column}::numeric(${meant.precision},${meant.scale})`
      : `${column}::text`,
  };
}

function unsupported(problems: readonly Problem[]): SourceError {
  const subject = problems.length === 1 ? "a column" : `${problems.length} columns`;
  const lines = problems.map((problem) => `  ${problem.line}`).join("\n");
  return new SourceError("TYPE_UNSUPPORTED", `${subject} cannot be exported as is:\n${lines}`, {
    hint: `Set columns: { ${problems.map((p) => p.remedy).join(", ")} } on the export, ` +
      `or cast in the query: ${problems.map((p) => p.cast).join(", ")}`,
  });
}

function selectExpression(name: string, { via, elements }: ColumnPlan): string {
  const quoted = quoteIdentifier(name);
  const column = `_rivet.${quoted}`;
  if (via === null) return column;
  return `${elements ? arraySql(via, column) : conversionSql(via, column)} AS ${quoted}`;
}

/** @throws ConfigError for an override of no column. */
export function inspectQuery(
  probe: Probe,
  overrides: ReadonlyMap<string, RivetType>,
): InspectedColumn[] {
  checkOverrides(probe.fields, overrides);
  return probe.fields.map(({ name }, i) => {
    const native = probe.types[i];
    const override = overrides.get(name);
    const plan = planColumn(native, override);
    const common = { name, nativeType: native.name, nullable: !probe.notNull[i] };
    if (!isRefusal(plan)) {
      return { ...common, type: plan.type, fidelity: plan.fidelity, refusal: null };
    }
    const { cast } = problemOf(name, native, override, plan.reason);
    const refusal = {
      reason: plan.reason,
      override: overrideFor(native, override),
      cast: `${cast} AS ${quoteIdentifier(name)}`,
    };
    return { ...common, type: null, fidelity: "unsupported", refusal };
  });
}

/** @throws ConfigError for an override of no column, SourceError TYPE_UNSUPPORTED naming every problem. */
export function planQuery(
  probe: Probe,
  overrides: ReadonlyMap<string, RivetType>,
): Description {
  checkOverrides(probe.fields, overrides);
  const columns: Column[] = [];
  const selectList: string[] = [];
  const problems: Problem[] = [];
  probe.fields.forEach(({ name }, i) => {
    const native = probe.types[i];
    const override = overrides.get(name);
    const plan = planColumn(native, override);
    if (isRefusal(plan)) {
      problems.push(problemOf(name, native, override, plan.reason));
      return;
    }
    columns.push({
      name,
      type: plan.type,
      nullable: !probe.notNull[i],
      nativeType: native.name,
      fidelity: plan.fidelity,
    });
    selectList.push(selectExpression(name, plan));
  });
  if (problems.length > 0) throw unsupported(problems);
  return { columns, selectList };
}
