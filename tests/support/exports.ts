/** Exports as a configuration file would give them. */
import { read } from "../../core/base/schema.ts";
import type { LoadedExport } from "../../core/config/loaded.ts";
import { resolveExport } from "../../core/config/resolve.ts";
import { exportSchema } from "../../core/config/schema.ts";

/** @param fields keys of the export; a table `orders` into `/out` is what they are laid over. */
export function loadedExport(fields: Record<string, unknown> = {}): LoadedExport {
  const source = { type: "postgres" as const, url_env: "U" };
  const what = fields.query === undefined ? { table: "orders" } : {};
  const config = read(exportSchema, {
    name: "orders",
    ...what,
    destination: { type: "local", path: "/out" },
    ...fields,
  });
  return resolveExport(config, config.query ?? null, source, "/");
}
