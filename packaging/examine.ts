/** What `deno compile` says it embedded, against what an executable must hold. */

import { Buffer } from "node:buffer";

const MAX_MB = 12;

/**
 * @param log of `deno compile`, without colours.
 * @returns one line for people. @throws Error naming what is missing or too much.
 */
export function examineExecutable(log: string): string {
  const main = sizeOf(log, /\u2500 main\.js/);
  // The only file of its folder, which the log shows folded.
  const worker = sizeOf(log, /\u2500 adapters\/(?:\*|worker\.js)/);
  const total = /^Files: ([\d.]+)MB$/m.exec(log);
  if (main === null) throw new Error(`the program is not embedded:\n${log}`);
  if (worker === null) throw new Error(`the Worker's program is not embedded:\n${log}`);
  if (total === null) throw new Error(`the size of what is embedded is not known:\n${log}`);
  if (Number(total[1]) > MAX_MB) {
    throw new Error(`${total[1]} MB are embedded, more than ${MAX_MB} MB:\n${log}`);
  }
  return `embedded: ${total[1]} MB, entry ${main}, Worker ${worker}`;
}

function sizeOf(log: string, name: RegExp): string | null {
  return new RegExp(`${name.source} \\(([\\d.]+[KM]?B)`).exec(log)?.[1] ?? null;
}

/** How an executable keeps the engine's flags that it is started with, in the JSON at its end. */
const EMBEDDED_FLAGS = '"v8_flags":[';

/**
 * @param executable the whole file. @param wanted as `deno compile` was given them.
 * @returns the engine's flags. @throws Error naming one that is not embedded.
 */
export function engineFlagsIn(executable: Uint8Array, wanted: readonly string[]): string {
  const file = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  const at = file.lastIndexOf(EMBEDDED_FLAGS);
  const end = at < 0 ? -1 : file.indexOf("]", at);
  const found: unknown = end < 0
    ? []
    : JSON.parse(file.toString("utf8", at + EMBEDDED_FLAGS.length - 1, end + 1));
  const flags = Array.isArray(found) ? found.map(String) : [];
  const own = wanted.map((flag) => flag.replace("--v8-flags=", ""));
  const missing = own.find((flag) => !flags.includes(flag));
  if (missing !== undefined) throw new Error(`the executable is not started with ${missing}`);
  return own.join(" ");
}
