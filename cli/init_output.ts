/** What `rivet init` leaves behind: the config or the discovery, and notes about it on stderr. */
import { counted } from "../core/base/counted.ts";
import { dirname, relative, resolve } from "node:path";
import type { TableType } from "../core/config/table_formats.ts";
import type { TlsConfig } from "../core/config/schema.ts";
import { discoveryArtifact } from "../core/discover/discovery_artifact.ts";
import type { Discovered, UrlSource } from "../core/discover/connect.ts";
import { isBareNumeric } from "../core/discover/notes.ts";
import { scaffold } from "../core/init/scaffold.ts";
import type { ScaffoldDestination, ScaffoldedExport, UrlReference } from "../core/init/options.ts";
import { writeNewFile } from "./new_file.ts";
import { toJson } from "./render/json.ts";
import type { CommandContext } from "./services.ts";

export interface InitOutput {
  /** Absent: stdout. */
  readonly path: string | undefined;
  /** The URL itself was on the command line, and has to come from elsewhere in a run. */
  readonly sourceGiven: boolean;
}

export interface ScaffoldFlags {
  readonly url: UrlSource;
  readonly tls: TlsConfig | undefined;
  readonly destination: ScaffoldDestination;
  readonly tableFormat: TableType | undefined;
}

export async function writeDiscovery(
  ctx: CommandContext,
  output: InitOutput,
  found: Discovered,
): Promise<void> {
  const json = toJson(discoveryArtifact(found));
  if (output.path === undefined) ctx.screen.json(json);
  else await writeNewFile(output.path, `${json}\n`);
  if (ctx.globals.quiet || output.path === undefined) return;
  ctx.screen.line(
    `wrote ${output.path}: ${found.discovery.tables.length} tables of '${found.discovery.scope}'`,
  );
}

export async function writeScaffold(
  ctx: CommandContext,
  output: InitOutput,
  found: Discovered,
  { url, tls, destination, tableFormat }: ScaffoldFlags,
): Promise<void> {
  const folder = output.path === undefined ? Deno.cwd() : dirname(resolve(output.path));
  const caFile = tls?.ca_file === undefined ? null : fromFolder(folder, tls.ca_file);
  const { yaml, exports } = scaffold(found.discovery, {
    sourceType: found.sourceType,
    url: urlReference(url, folder),
    tls: tls === undefined ? null : { mode: tls.mode, caFile },
    destination,
    tableFormat: tableFormat ?? null,
    dialect: found.dialect,
  });
  await emit(ctx, output, yaml.trimEnd());
  if (!ctx.globals.quiet) notes(output, found, exports).forEach((text) => ctx.screen.line(text));
}

const PROPOSED_VARIABLE = "DATABASE_URL";

function urlReference({ url_env, url_file }: UrlSource, folder: string): UrlReference {
  if (url_file !== undefined) return { key: "url_file", value: fromFolder(folder, url_file) };
  return { key: "url_env", value: url_env ?? PROPOSED_VARIABLE };
}

/** A path as the config has to write it: relative to its own folder while it is below it. */
function fromFolder(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith("..") ? file : `./${path.replaceAll("\\", "/")}`;
}

async function emit(ctx: CommandContext, { path }: InitOutput, text: string): Promise<void> {
  if (path === undefined) ctx.screen.result(text);
  else await writeNewFile(path, `${text}\n`);
}

/** What a person should know or do next. */
function notes(
  { path, sourceGiven }: InitOutput,
  { discovery }: Discovered,
  exports: readonly ScaffoldedExport[],
): string[] {
  const modes = Map.groupBy(exports, ({ found }) => found.suggestion.mode);
  const counts = [...modes].map(([mode, list]) => `${list.length} ${mode}`).join(", ");
  const wrote = path === undefined
    ? []
    : [`wrote ${path}: ${counted(exports.length, "export")} (${counts})`];
  const bare = exports.flatMap(({ name, found }) => {
    const columns = found.columns.filter(isBareNumeric).map((column) => column.name);
    return columns.length === 0
      ? []
      : [`note: ${name}: review the digits of bare NUMERIC: ${columns.join(", ")}`];
  });
  const leftOut = discovery.leftOut.map(({ table, reason }) =>
    `note: left out ${table.name}: ${reason}`
  );
  const variable = sourceGiven
    ? [
      `note: the URL is not written; the config reads it from ${PROPOSED_VARIABLE}. ` +
      `Before running: export ${PROPOSED_VARIABLE}=...`,
    ]
    : [];
  const next = path === undefined ? [] : [`next: rivet doctor -c ${path}`];
  return [...wrote, ...bare, ...leftOut, ...variable, ...next];
}
