/**
 * What the counters say about `quality:`. A gate that could not be decided is never counted as passed
 * in silence: it is a warning that names the column and the reason.
 */
import type { QualityConfig } from "../config/schema.ts";
import type { QualityTotals } from "./quality.ts";
import { DEFAULT_UNIQUE_MAX_ENTRIES } from "./spec.ts";

export interface QualityVerdict {
  /** Any of them fails the run. */
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
}

function rowCount(config: QualityConfig, rows: number): string[] {
  const { row_count_min: min, row_count_max: max } = config;
  return [
    ...(min !== undefined && rows < min ? [`row_count_min: ${rows} rows, at least ${min}`] : []),
    ...(max !== undefined && rows > max ? [`row_count_max: ${rows} rows, at most ${max}`] : []),
  ];
}

function nullRatios(config: QualityConfig, totals: QualityTotals): string[] {
  if (totals.rows === 0) return [];
  return Object.entries(config.null_ratio_max ?? {}).flatMap(([column, max]) => {
    const nulls = totals.nulls(column);
    // Compared without division, so that a ratio of exactly the limit passes.
    return nulls > max * totals.rows
      ? [`null_ratio_max: '${column}' is NULL in ${nulls} of ${totals.rows} rows, at most ${max}`]
      : [];
  });
}

function repeats(config: QualityConfig, totals: QualityTotals): string[] {
  return (config.unique_columns ?? []).flatMap((column) => {
    const { repeats, givenUp } = totals.unique(column);
    return repeats === 0
      ? []
      : [`unique_columns: '${column}' repeats in ${givenUp ? "at least " : ""}${repeats} rows`];
  });
}

function undecided(config: QualityConfig, totals: QualityTotals): string[] {
  const max = config.unique_max_entries ?? DEFAULT_UNIQUE_MAX_ENTRIES;
  return (config.unique_columns ?? [])
    .filter((column) => {
      const { repeats, givenUp } = totals.unique(column);
      return givenUp && repeats === 0;
    })
    .map((column) =>
      `unique_columns: '${column}' is undecided: it has more distinct values than ` +
      `unique_max_entries (${max}), and none of those repeated`
    );
}

/** A resumed run has no counters for the rows of the process before it. */
function partial(config: QualityConfig, totals: QualityTotals, rows: number): string[] {
  const named = [
    ...(config.null_ratio_max === undefined ? [] : ["null_ratio_max"]),
    ...(config.unique_columns === undefined ? [] : ["unique_columns"]),
  ];
  if (named.length === 0 || totals.rows === rows) return [];
  return [
    `${named.join(" and ")} cover only the ${totals.rows} rows read since the run was resumed, ` +
    `of ${rows}`,
  ];
}

/** @param rows all rows of the run, those read before it was resumed included. */
export function qualityVerdict(
  config: QualityConfig,
  totals: QualityTotals,
  rows: number,
): QualityVerdict {
  return {
    failures: [
      ...rowCount(config, rows),
      ...nullRatios(config, totals),
      ...repeats(config, totals),
    ],
    warnings: [...undecided(config, totals), ...partial(config, totals, rows)],
  };
}
