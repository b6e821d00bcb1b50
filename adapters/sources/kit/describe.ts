/** The columns of a query's result as Rivet reads them, or what to write where it cannot. */
import { SourceError } from "../../../core/base/errors.ts";
import type { Description, InspectedColumn } from "../../../core/ports/source.ts";
import {
  type Column,
  type Fidelity,
  formatType,
  type RivetType,
} from "../../../core/types/types.ts";
import { checkOverrides } from "./overrides.ts";

/** A column that cannot be read as it is or as asked: why, to follow its name and type. */
export interface Refusal {
  readonly reason: string;
}

/** Tells a plan from a refusal: only the latter gives a reason. */
export function isRefusal<T extends object>(result: T | Refusal): result is Refusal {
  return "reason" in result;
}

/** How a column is read. */
export interface PlannedColumn {
  readonly type: RivetType;
  readonly fidelity: Fidelity;
  /** SQL over `_rivet.<column>` that is selected for it; null to read it as it is. */
  readonly expression: string | null;
}

/** What helps a column that is refused. */
export interface Remedy {
  /** What `columns:` can ask for; null when no override helps. */
  readonly override: RivetType | null;
  /** SQL over the quoted column, to write in the query. */
  readonly cast: string;
  /** The server calls the cast by the column's name unasked. */
  readonly keepsName?: boolean;
}

/** One column of a result, as its engine knows it. */
export interface ResultColumn {
  readonly name: string;
  /** The name as the engine quotes it. */
  readonly quoted: string;
  readonly nativeType: string;
  readonly nullable: boolean;
  plan(override: RivetType | undefined): PlannedColumn | Refusal;
  remedy(override: RivetType | undefined): Remedy;
}

const named = (expression: string, quoted: string): string => `${expression} AS ${quoted}`;

function selectItem({ quoted }: ResultColumn, { expression }: PlannedColumn): string {
  return expression === null ? `_rivet.${quoted}` : named(expression, quoted);
}

/** @throws ConfigError for an override of no column. */
export function inspectColumns(
  columns: readonly ResultColumn[],
  overrides: ReadonlyMap<string, RivetType>,
): InspectedColumn[] {
  checkOverrides(columns, overrides);
  return columns.map((column) => {
    const { name, nativeType, nullable, quoted } = column;
    const override = overrides.get(name);
    const plan = column.plan(override);
    const common = { name, nativeType, nullable };
    if (!isRefusal(plan)) {
      return { ...common, type: plan.type, fidelity: plan.fidelity, refusal: null };
    }
    const remedy = column.remedy(override);
    const refusal = {
      reason: plan.reason,
      override: remedy.override,
      cast: named(remedy.cast, quoted),
    };
    return { ...common, type: null, fidelity: "unsupported", refusal };
  });
}

interface Problem {
  readonly column: ResultColumn;
  readonly override: RivetType | undefined;
  readonly reason: string;
}

function problemLine({ column, override, reason }: Problem): string {
  const wanted = override === undefined ? "" : ` (columns: asks for ${formatType(override)})`;
  return `  ${column.quoted} ${column.nativeType}: ${reason}${wanted}`;
}

/** An entry of `columns:`; only a type with arguments needs its quotes. */
function entry(name: string, type: RivetType): string {
  const value = type.kind === "text" ? "text" : JSON.stringify(formatType(type));
  return `${JSON.stringify(name)}: ${value}`;
}

function unsupported(problems: readonly Problem[]): SourceError {
  const subject = problems.length === 1 ? "a column" : `${problems.length} columns`;
  const lines = problems.map(problemLine).join("\n");
  const remedies = problems.map(({ column, override }) => ({
    column,
    ...column.remedy(override),
  }));
  const entries = remedies.flatMap(({ column, override }) =>
    override === null ? [] : [entry(column.name, override)]
  );
  const casts = remedies.map(({ column, cast, keepsName }) =>
    keepsName ? cast : named(cast, column.quoted)
  );
  const columns = `Set columns: { ${entries.join(", ")} } on the export, or cast`;
  return new SourceError("TYPE_UNSUPPORTED", `${subject} cannot be exported as is:\n${lines}`, {
    hint: `${entries.length === 0 ? "Cast" : columns} in the query: ${casts.join(", ")}`,
  });
}

/** @throws ConfigError for an override of no column, SourceError TYPE_UNSUPPORTED naming every problem. */
export function describeColumns(
  columns: readonly ResultColumn[],
  overrides: ReadonlyMap<string, RivetType>,
): Description {
  checkOverrides(columns, overrides);
  const read: Column[] = [];
  const selectList: string[] = [];
  const problems: Problem[] = [];
  for (const column of columns) {
    const { name, nativeType, nullable } = column;
    const override = overrides.get(name);
    const plan = column.plan(override);
    if (isRefusal(plan)) {
      problems.push({ column, override, reason: plan.reason });
      continue;
    }
    read.push({ name, type: plan.type, nullable, nativeType, fidelity: plan.fidelity });
    selectList.push(selectItem(column, plan));
  }
  if (problems.length > 0) throw unsupported(problems);
  return { columns: read, selectList };
}
