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

/** Characters that a name of Windows cannot have; `a:b` would be a hidden stream of the file `a`. */
const NOT_ON_WINDOWS = /[<>:"|?*\p{Cc}]/u;
/** Devices, with any extension. */
const DEVICES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$/i;

/** Why Windows would take a step of a path for something else, or null. */
export function windowsProblem(name: string): string | null {
  if (NOT_ON_WINDOWS.test(name)) {
    return 'has one of < > : " | ? *, which Windows cannot have in a name';
  }
  if (DEVICES.test(name)) return "is the name of a device on Windows";
  if (/[. ]$/.test(name)) return "ends with a dot or space, which Windows drops";
  return null;
}
