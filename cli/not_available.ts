/**
 * What the documentation names and this version does not do yet. Saying so beats an "unknown command";
 * an entry leaves with the change that brings the feature.
 */
import { RivetError } from "../core/errors.ts";

export const UNAVAILABLE_COMMANDS: readonly string[] = [];

export function notAvailable(what: string): RivetError {
  return new RivetError("NOT_AVAILABLE", `${what} is not available yet in this version of rivet`, {
    hint: "`rivet --help` lists the commands of this version.",
  });
}
