/** Schema drift: what the source looks like now against what the last successful run saw. */
import { logger } from "../base/log.ts";
import type { Dialect } from "../ports/source.ts";
import type { SchemaRecord } from "../ports/state.ts";
import { shapeDrift } from "../encode/shape.ts";
import { driftError, schemaDifferences } from "../preflight/schema_drift.ts";
import type { Column } from "../types/types.ts";
import type { ExportContext } from "./context.ts";

/**
 * Compares before the first row is read. Returns whether the schema changed; null on the first run.
 * @throws RivetError SCHEMA_DRIFT under `on_schema_drift: fail` (exit code 4).
 */
export async function checkDrift(
  ctx: ExportContext,
  columns: readonly Column[],
  { typeNames }: Pick<Dialect, "typeNames">,
): Promise<boolean | null> {
  const before = await ctx.state.schema(ctx.exported.name);
  if (before === null) return null;
  const lines = schemaDifferences(before.columns, columns, typeNames);
  if (lines.length === 0) return false;
  ctx.journal.add("schema_changed", { changes: lines });
  const text = `export '${ctx.exported.name}': the schema changed: ${lines.join("; ")}`;
  switch (ctx.exported.config.on_schema_drift) {
    case "fail":
      throw driftError(ctx.exported.name, lines);
    case "warn":
      logger().warn(text);
      break;
    case "continue":
      logger().info(text);
      break;
  }
  return true;
}

/** `shape_drift_warn_factor`: values that became much wider or narrower since the last run. */
export function warnOfShapeDrift(
  ctx: ExportContext,
  before: SchemaRecord["widths"],
  now: SchemaRecord["widths"],
): void {
  const { name, config } = ctx.exported;
  const changes = shapeDrift(before, now, config.shape_drift_warn_factor);
  if (changes.length === 0) return;
  ctx.journal.add("shape_changed", { changes });
  logger().warn(`export '${name}': the shape changed: ${changes.join("; ")}`);
}

/** A run that saw no value of a column keeps what was known of it. */
export function keptWidths(
  columns: readonly Column[],
  before: SchemaRecord["widths"],
  now: SchemaRecord["widths"],
): Record<string, number> {
  const width = (widths: SchemaRecord["widths"], name: string) =>
    Object.hasOwn(widths, name) ? widths[name] : undefined;
  return Object.fromEntries(
    columns.flatMap(({ name }) => {
      const known = width(now, name) ?? width(before, name);
      return known === undefined ? [] : [[name, known]];
    }),
  );
}
