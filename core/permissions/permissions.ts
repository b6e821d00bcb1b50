/** The answer of `rivet permissions`. */
import type { LoadedConfig } from "../config/loaded.ts";
import { basename, dirname, join } from "node:path";
import { together } from "../ports/needs.ts";
import { configNeeds, type NeedsDeps, pathNeeds, programNeeds } from "./config_needs.ts";
import { permissionFlags, type PermissionSet, permissionSet } from "./flags.ts";

/** What `rivet permissions` is asked about. */
export interface PermissionsRequest {
  readonly config: LoadedConfig;
  /** What commands read and write beside what the configuration names. */
  readonly paths: readonly string[];
  /** With `--parallel-export-processes`. */
  readonly processes: boolean;
  readonly compile: boolean;
}

/** The program as it runs now. */
export interface Program {
  /** URL of the module that is started. */
  readonly entry: string;
  readonly standalone: boolean;
  readonly execPath: string;
}

/** Public names: `--json` prints it as it is. */
export interface Permissions {
  readonly flags: readonly string[];
  readonly permissions: PermissionSet;
  readonly notes: readonly string[];
}

/** Looks at files that the configuration names, and connects to nothing. @throws ConfigError */
export async function permissionsOf(
  { config, paths, processes, compile }: PermissionsRequest,
  deps: NeedsDeps,
  program: Program,
): Promise<Permissions> {
  const { standalone, execPath } = program;
  const needs = together(
    await configNeeds(config, deps),
    pathNeeds(paths),
    compile ? {} : programNeeds(program),
    processes ? childNeeds(compile || standalone ? null : execPath) : {},
  );
  const set = permissionSet({
    ...needs,
    read: await withTargets(needs.read),
    write: await withTargets(needs.write),
  });
  const { flags, notes } = permissionFlags(set);
  return { flags, permissions: set, notes: [...needs.notes, ...notes] };
}

/** Where links on the way to a path lead, too: what is asked of the file system is asked of both. */
async function withTargets(paths: readonly string[]): Promise<string[]> {
  const targets = paths.map(async (path) => [path, await targetOf(path)]);
  return [...new Set((await Promise.all(targets)).flat())];
}

async function targetOf(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(await targetOf(above), basename(path));
  }
}

/** Children are this program again; where an executable will lie is not known before. */
function childNeeds(execPath: string | null) {
  const note = "an executable starts itself: replace `rivet` in --allow-run by its path";
  return execPath === null ? { run: ["rivet"], notes: [note] } : { run: [execPath] };
}
