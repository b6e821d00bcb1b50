/**
 * What the counters say about `quality:`. A gate that could not be decided is never counted as passed
 * in silence: it is a warning that names the column and the reason.
 */
import { counted } from "../base/counted.ts";
import type { QualityGates } from "../config/quality_gates.ts";
import type { GateTotals } from "./chunk_counts.ts";

/** Each entry is a sentence that names the gate and the column. */
export interface QualityVerdict {
  /** Any of them fails the run. */
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  readonly gates: readonly GateResult[];
}

/** One gate as other tools read it: on a column, or on all rows. */
export interface GateResult {
  readonly gate: "row_count_min" | "row_count_max" | "null_ratio_max" | "unique_columns";
  readonly column: string | null;
  /** null: undecided. */
  readonly passed: boolean | null;
  readonly expected: string;
  readonly actual: string;
}

/** Every gate there is, in the order of the configuration's keys. */
function gateResults(gates: QualityGates, totals: GateTotals, rows: number): GateResult[] {
  const complete = totals.rows === rows;
  const onRows = (gate: GateResult["gate"], limit: number | null, passed: boolean) =>
    limit === null
      ? []
      : [{ gate, column: null, passed, expected: String(limit), actual: String(rows) }];
  return [
    ...onRows("row_count_min", gates.rowCountMin, rows >= (gates.rowCountMin ?? 0)),
    ...onRows("row_count_max", gates.rowCountMax, rows <= (gates.rowCountMax ?? 0)),
    ...Object.entries(gates.nullRatioMax ?? {}).map(([column, max]) => {
      const nulls = totals.nulls(column);
      const passed = nulls <= max * totals.rows;
      return {
        gate: "null_ratio_max" as const,
        column,
        passed: passed && !complete ? null : passed,
        expected: String(max),
        actual: String(totals.rows === 0 ? 0 : nulls / totals.rows),
      };
    }),
    ...(gates.uniqueColumns ?? []).map((column) => {
      const { repeats, givenUp } = totals.unique(column);
      const passed = repeats === 0;
      return {
        gate: "unique_columns" as const,
        column,
        passed: passed && (givenUp || !complete) ? null : passed,
        expected: "0",
        actual: String(repeats),
      };
    }),
  ];
}

function rowCount(gates: QualityGates, rows: number): string[] {
  const { rowCountMin: min, rowCountMax: max } = gates;
  return [
    ...(min !== null && rows < min
      ? [`row_count_min: ${counted(rows, "row")}, at least ${min}`]
      : []),
    ...(max !== null && rows > max
      ? [`row_count_max: ${counted(rows, "row")}, at most ${max}`]
      : []),
  ];
}

function nullRatios(gates: QualityGates, totals: GateTotals): string[] {
  if (totals.rows === 0) return [];
  return Object.entries(gates.nullRatioMax ?? {}).flatMap(([column, max]) => {
    const nulls = totals.nulls(column);
    // Compared without division, so that a ratio of exactly the limit passes.
    return nulls > max * totals.rows
      ? [`null_ratio_max: '${column}' is NULL in ${nulls} of ${totals.rows} rows, at most ${max}`]
      : [];
  });
}

function repeats(gates: QualityGates, totals: GateTotals): string[] {
  return (gates.uniqueColumns ?? []).flatMap((column) => {
    const { repeats, givenUp } = totals.unique(column);
    return repeats === 0 ? [] : [
      `unique_columns: '${column}' repeats in ${givenUp ? "at least " : ""}${
        counted(repeats, "row")
      }`,
    ];
  });
}

function undecided(gates: QualityGates, totals: GateTotals): string[] {
  return (gates.uniqueColumns ?? []).flatMap((column) => {
    const { repeats, givenUp, why } = totals.unique(column);
    if (!givenUp || repeats > 0) return [];
    const reason = why ??
      `it has more distinct values than unique_max_entries (${gates.uniqueMaxEntries}), and none of ` +
        "those repeated";
    return [`unique_columns: '${column}' is undecided: ${reason}`];
  });
}

/** A resumed run has no counters for the rows of the process before it. */
function partial(gates: QualityGates, totals: GateTotals, rows: number): string[] {
  const named = [
    ...(gates.nullRatioMax === null ? [] : ["null_ratio_max"]),
    ...(gates.uniqueColumns === null ? [] : ["unique_columns"]),
  ];
  if (named.length === 0 || totals.rows === rows) return [];
  return [
    `${named.join(" and ")} cover only the ${totals.rows} rows read since the run was resumed, ` +
    `of ${rows}`,
  ];
}

/** @param rows all rows of the run, those read before it was resumed included. */
export function qualityVerdict(
  gates: QualityGates,
  totals: GateTotals,
  rows: number,
): QualityVerdict {
  return {
    failures: [
      ...rowCount(gates, rows),
      ...nullRatios(gates, totals),
      ...repeats(gates, totals),
    ],
    warnings: [...undecided(gates, totals), ...partial(gates, totals, rows)],
    gates: gateResults(gates, totals, rows),
  };
}
