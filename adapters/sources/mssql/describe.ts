/** Columns of a query and the select list that makes them decodable. */
import { SourceError } from "../../../core/base/errors.ts";
import type { Description, InspectedColumn } from "../../../core/ports/source.ts";
import { type Column, formatType, type RivetType } from "../../../core/types/types.ts";
import { checkOverrides } from "../kit/overrides.ts";
import { quoteIdentifier } from "./dialect.ts";
import type { Field } from "./fields.ts";
import { isRefusal, planColumn, textCast } from "./types.ts";

/** A column that cannot be read as it is or as asked. */
interface Problem {
  readonly line: string;
  /** For `columns:`. */
  readonly remedy: string;
  /** For the query. */
  readonly cast: string;
}

function problemOf(field: Field, override: RivetType | undefined, reason: string): Problem {
  const column = quoteIdentifier(field.name);
  const wanted = override === undefined ? "" : ` (columns: asks for ${formatType(override)})`;
  return {
    line: `${column} ${field.nativeType}: ${reason}${wanted}`,
    remedy: `${JSON.stringify(field.name)}: text`,
    cast: `${textCast(field, column)} AS ${column}`,
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

/** @throws ConfigError for an override of no column. */
export function inspectQuery(
  fields: readonly Field[],
  overrides: ReadonlyMap<string, RivetType>,
): InspectedColumn[] {
  checkOverrides(fields, overrides);
  return fields.map((field) => {
    const { name, nativeType, nullable } = field;
    const override = overrides.get(name);
    const plan = planColumn(field, override);
    const common = { name, nativeType, nullable };
    if (!isRefusal(plan)) {
      return { ...common, type: plan.type, fidelity: plan.fidelity, refusal: null };
    }
    const { reason } = plan;
    const { cast } = problemOf(field, override, reason);
    const refusal = { reason, override: { kind: "text" } as const, cast };
    return { ...common, type: null, fidelity: "unsupported", refusal };
  });
}

/** @throws ConfigError for an override of no column, SourceError TYPE_UNSUPPORTED naming every problem. */
export function planQuery(
  fields: readonly Field[],
  overrides: ReadonlyMap<string, RivetType>,
): Description {
  checkOverrides(fields, overrides);
  const columns: Column[] = [];
  const selectList: string[] = [];
  const problems: Problem[] = [];
  for (const field of fields) {
    const override = overrides.get(field.name);
    const plan = planColumn(field, override);
    if (isRefusal(plan)) {
      problems.push(problemOf(field, override, plan.reason));
      continue;
    }
    const { name, nullable, nativeType } = field;
    columns.push({ name, type: plan.type, nullable, nativeType, fidelity: plan.fidelity });
    const column = quoteIdentifier(name);
    selectList.push(
      plan.expression === null
        ? `_rivet.${column}`
        : `${plan.expression(`_rivet.${column}`)} AS ${column}`,
    );
  }
  if (problems.length > 0) throw unsupported(problems);
  return { columns, selectList };
}
