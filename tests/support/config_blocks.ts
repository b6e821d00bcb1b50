/** Pieces of configurations, as documents show them, made whole so that they load. */
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { loadConfig } from "../../core/config/load.ts";
import type { LoadedConfig } from "../../core/config/loaded.ts";
import { configSchema, exportSchema } from "../../core/config/schema.ts";
import { MODE_KEYS } from "../../core/config/schema/export.ts";

type Mapping = Record<string, unknown>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const only = (value: Mapping, known: object): boolean =>
  Object.keys(value).every((key) => key in known);

/** The mode that a few keys of an export belong to. */
function modeOf(keys: Mapping): { mode?: string } {
  const mode = Object.entries(MODE_KEYS).find(([, own]) => own.some((key) => key in keys));
  return mode === undefined ? {} : { mode: mode[0] };
}

/** Keys of the top of a file that this version does not have. */
const TOP = [...Object.keys(configSchema.entries), "load"];

/** A mapping of an export that says nothing of its mode, or says it itself. */
function ofExport(value: Mapping): Mapping {
  return { exports: [{ ...modeOf(value), ...value }] };
}

/** With the parts that a whole file needs and that this one lacks. */
export function completed(root: Mapping): Mapping {
  const exports = (root.exports ?? [{}]) as Mapping[];
  return {
    source: { type: "postgres", url_env: "DATABASE_URL" },
    ...root,
    exports: exports.map((entry, i) => ({
      name: `export_${i}`,
      ...("query" in entry || "query_file" in entry ? {} : { table: "orders" }),
      destination: { type: "local", path: "./output" },
      ...entry,
    })),
  };
}

/** A fragment with what surrounds it in a file; null for YAML that is something else. */
export function wholeConfig(text: string): Mapping | null {
  const value: unknown = parse(text);
  const root = Array.isArray(value)
    ? { exports: value }
    : !isMapping(value)
    ? null
    : only(value, configSchema.entries)
    ? value
    : only(value, exportSchema.entries)
    ? ofExport(value)
    : null;
  return root === null ? null : completed(root);
}

/** The same, whatever keys it has: those of the top of a file, else those of an export. */
export function anyConfig(text: string): Mapping {
  const value: unknown = parse(text);
  if (!isMapping(value)) throw new TypeError(`no mapping: ${text}`);
  return completed(Object.keys(value).every((key) => TOP.includes(key)) ? value : ofExport(value));
}

/** @throws ConfigError as the configuration is refused. */
export async function loadWhole(config: Mapping): Promise<LoadedConfig> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-docs-" });
  try {
    for (const entry of config.exports as Mapping[]) {
      if (typeof entry.query_file !== "string") continue;
      await Deno.mkdir(dirname(join(dir, entry.query_file)), { recursive: true });
      await Deno.writeTextFile(join(dir, entry.query_file), "SELECT 1");
    }
    const path = join(dir, "rivet.yaml");
    await Deno.writeTextFile(path, JSON.stringify(config));
    return await loadConfig(path, { params: new Map(), env: () => "value" });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
