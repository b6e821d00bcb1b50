/** The warehouses of `rivet check --target`, for the grammar, which must not load the type rules. */
import type { Target } from "../core/types/targets.ts";

/** As a record, so that a warehouse cannot be forgotten. */
const NAMES: Readonly<Record<Target, true>> = {
  bigquery: true,
  snowflake: true,
  duckdb: true,
  clickhouse: true,
  redshift: true,
  spark: true,
  delta: true,
  iceberg: true,
};

export const TARGET_NAMES = Object.keys(NAMES) as readonly Target[];
