/** The type report of `rivet check --type-report`: what every column becomes, here and in a warehouse. */
import type { InspectedColumn } from "../ports/source.ts";
import { formatArrowType } from "../types/arrow_name.ts";
import { type Target, type TargetType, targetType } from "../types/targets.ts";
import { targetNameProblem } from "../types/target_columns.ts";
import { type Fidelity, formatType, type RivetType } from "../types/types.ts";

/** One column; names are those of the report's JSON. */
export interface TypeReportRow {
  readonly column: string;
  readonly source_type: string;
  /** null when the column cannot be read. */
  readonly rivet_type: string | null;
  readonly arrow_type: string | null;
  readonly nullable: boolean;
  readonly fidelity: Fidelity;
  /** With a target only; null when it cannot load the column. */
  readonly target_type?: string | null;
  readonly target_status?: TargetType["status"];
  /** What to know or do about it; null when there is nothing. */
  readonly note: string | null;
  /** `--strict` fails on it. */
  readonly acceptable: boolean;
}

export function typeReport(
  columns: readonly InspectedColumn[],
  target: Target | null,
): TypeReportRow[] {
  const names = columns.map(({ name }) => name);
  return columns.map((column) => reportRow(column, target, names));
}

function targetOf(target: Target, type: RivetType, name: string, names: readonly string[]) {
  const problem = targetNameProblem(target, name, names);
  if (problem === null) return targetType(target, type);
  return { name: null, status: "unsupported", note: problem } as const;
}

function reportRow(
  column: InspectedColumn,
  target: Target | null,
  names: readonly string[],
): TypeReportRow {
  const { name, nativeType, nullable, type, fidelity } = column;
  const common = { column: name, source_type: nativeType, nullable, fidelity };
  if (type === null) {
    return {
      ...common,
      rivet_type: null,
      arrow_type: null,
      ...(target === null ? {} : { target_type: null, target_status: "unsupported" as const }),
      note: remedy(column),
      acceptable: false,
    };
  }
  const there = target === null ? null : targetOf(target, type, name, names);
  return {
    ...common,
    rivet_type: formatType(type),
    arrow_type: formatArrowType(type),
    ...(there === null ? {} : { target_type: there.name, target_status: there.status }),
    note: there?.note ?? null,
    acceptable: fidelity !== "lossy" && there?.status !== "unsupported",
  };
}

function remedy({ name, refusal }: InspectedColumn): string | null {
  if (refusal === null) return null;
  const { reason, override, cast } = refusal;
  return override === null
    ? `${reason}; write ${cast} in the query`
    : `${reason}; set columns: { ${JSON.stringify(name)}: ${
      JSON.stringify(formatType(override))
    } }`;
}
