/** Needs as permission flags of `deno run` and `deno compile`, and as a permission set of a deno.json. */
import { dirname, isAbsolute, relative } from "node:path";
import type { Needs } from "../ports/needs.ts";

/** Values of one kind: all of them, or those of a list. */
export type Allowed = true | readonly string[];

/** In the form of `permissions.<name>` of a deno.json; a kind that is left out is not allowed. */
export interface PermissionSet {
  readonly net?: Allowed;
  readonly read?: Allowed;
  readonly write?: Allowed;
  /** What is not allowed reads as not set: libraries look at names that nobody lists. */
  readonly env: { readonly allow: Allowed; readonly ignore: true };
  readonly sys?: Allowed;
  readonly run?: Allowed;
}

const ANYTHING = "*";

/** Sorted; of paths none that lies below another. */
export function permissionSet(needs: Required<Needs>): PermissionSet {
  const { net, read, write, env, sys, run } = needs;
  return {
    ...listed("net", net.includes(ANYTHING) ? true : sorted(net)),
    ...listed("read", topmost(read)),
    ...listed("write", topmost(write)),
    env: { allow: variables(env), ignore: true },
    ...listed("sys", sorted(sys)),
    ...listed("run", sorted(run)),
  };
}

function listed<K extends string>(kind: K, values: Allowed): { readonly [P in K]?: Allowed } {
  return values === true || values.length > 0
    ? { [kind]: values } as { readonly [P in K]?: Allowed }
    : {};
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** Whether `path` is `folder` or below it. */
function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !/^\.\.[/\\]/.test(way));
}

function topmost(paths: readonly string[]): string[] {
  return sorted(paths).filter((path, i, all) =>
    !all.some((other, j) => j !== i && isBelow(path, other))
  );
}

/** Without names that a beginning covers. */
function variables(names: readonly string[]): string[] {
  const starts = names.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  return sorted(names).filter((name) =>
    name.endsWith("*") || !starts.some((start) => name.startsWith(start))
  );
}

/** The path, or the nearest folder above it that a flag can name: flags know no comma but that between values. */
export function pathInFlag(path: string): string {
  return path.includes(",") ? pathInFlag(dirname(path)) : path;
}

/** Flags as wide as they have to be, and what of them is wider than the set. */
export interface Flags {
  /** One argument each, not quoted. They never prompt. */
  readonly flags: readonly string[];
  readonly notes: readonly string[];
}

/** What flags can say of a kind's values. */
function inFlag(kind: string, allowed: Allowed): Allowed {
  if (allowed === true || !allowed.some((value) => value.includes(","))) return allowed;
  return kind === "read" || kind === "write" ? topmost(allowed.map(pathInFlag)) : true;
}

/** The set as flags of the command line. */
export function permissionFlags(set: PermissionSet): Flags {
  const { env, ...others } = set;
  const flags: string[] = [];
  const notes: string[] = [];
  for (const [kind, allowed] of [...Object.entries(others), ["env", env.allow] as const]) {
    const said = inFlag(kind, allowed);
    const flag = said === true ? `--allow-${kind}` : `--allow-${kind}=${said.join(",")}`;
    flags.push(flag);
    if (said !== allowed) {
      notes.push(
        `${flag} is wider than needed, because flags cannot name what has a comma in it; ` +
          "the permission set of --json can",
      );
    }
  }
  return { flags: ["--no-prompt", ...flags, "--ignore-env"], notes };
}
