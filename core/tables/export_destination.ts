/** An export's destination, opened. */
import type { LoadedExport } from "../config/loaded.ts";
import type { DestinationConfig } from "../config/schema.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { AnyDestination } from "../ports/destination.ts";
import type { Asking } from "../ports/table_format.ts";

/**
 * Where the configuration names no credentials, the catalog of the export's table is asked for them.
 * @param config the export's own, its placeholders resolved
 * @param asking who only looks makes nothing in the catalog, and may get `NotGrantedYetError`
 * @throws as `Adapters.destination` does, and as the catalog
 */
export async function openExportDestination(
  deps: Pick<Adapters, "destination" | "table">,
  { name: exportName, tableFormat: settings }: Pick<LoadedExport, "name" | "tableFormat">,
  config: DestinationConfig,
  signal: AbortSignal,
  asking: Asking,
): Promise<AnyDestination> {
  if (settings === null || settings.catalog === null) return await deps.destination(config);
  const format = await deps.table(settings.type);
  const env = (name: string) => Deno.env.get(name);
  const grants = format.grants({ settings, exportName, env, signal }, asking);
  return await deps.destination(config, grants);
}
