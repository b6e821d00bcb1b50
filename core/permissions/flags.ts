/** Needs as permission flags of `deno run` and `deno compile`, and as a permission set of a deno.json. */
import { isAbsolute, relative } from "node:path";
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

/** One argument each, not quoted. They never prompt. */
export function permissionFlags(set: PermissionSet): string[] {
  const { env, ...others } = set;
  const flag = (kind: string, allowed: Allowed) =>
    allowed === true
      ? `--allow-${kind}`
      : `--allow-${kind}=${allowed.map((value) => value.replaceAll(",", ",,")).join(",")}`;
  return [
    "--no-prompt",
    ...Object.entries(others).map(([kind, allowed]) => flag(kind, allowed)),
    flag("env", env.allow),
    "--ignore-env",
  ];
}
