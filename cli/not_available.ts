/**
 * What the documentation names and this version does not do yet. Saying so beats an "unknown command";
 * an entry leaves with the change that brings the feature.
 */
import { type Message, text } from "@optique/core";
import { RivetError } from "../core/errors.ts";

export const UNAVAILABLE_COMMANDS: readonly string[] = [
  "init",
  "doctor",
  "check",
  "plan",
  "apply",
];

/** Of `rivet run`: parsed name -> flag. */
const UNAVAILABLE_RUN_FLAGS = {
  parallelExportProcesses: "--parallel-export-processes",
} as const;

export function notAvailable(what: string): RivetError {
  return new RivetError("NOT_AVAILABLE", `${what} is not available yet in this version of rivet`, {
    hint: "`rivet --help` lists the commands of this version.",
  });
}

/** A flag's description for the help, with a note while it is not available. */
export function describeFlag(flag: string, description: string): Message {
  const unavailable = Object.values<string>(UNAVAILABLE_RUN_FLAGS).includes(flag);
  return [text(unavailable ? `${description} Not available yet.` : description)];
}

/** @throws RivetError NOT_AVAILABLE for the first such flag that is set. */
export function refuseUnavailableFlags(
  flags: Readonly<Record<keyof typeof UNAVAILABLE_RUN_FLAGS, boolean>>,
): void {
  for (const [name, flag] of Object.entries(UNAVAILABLE_RUN_FLAGS)) {
    if (!flags[name as keyof typeof UNAVAILABLE_RUN_FLAGS]) continue;
    throw new RivetError("NOT_AVAILABLE", `\`run ${flag}\` is not available yet`, {
      hint: `Leave ${flag} out.`,
    });
  }
}
