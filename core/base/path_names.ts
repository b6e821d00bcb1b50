/** Paths that are made of names: a name is one step down, never up and never elsewhere. */
import { join } from "node:path";
import { RivetError } from "./errors.ts";

/** The name itself when it is one step of a path. @throws RivetError DESTINATION_UNWRITABLE */
export function pathStep(name: string): string {
  if (name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name)) return name;
  throw new RivetError(
    "DESTINATION_UNWRITABLE",
    `${JSON.stringify(name)} cannot name a file or folder`,
    { hint: 'Names are without "/" and "\\" and are not "." or "..".' },
  );
}

/** `<base>/<name>/...`. @throws RivetError DESTINATION_UNWRITABLE for a name that would lead elsewhere. */
export function pathInside(base: string, ...names: readonly string[]): string {
  return join(base, ...names.map(pathStep));
}
