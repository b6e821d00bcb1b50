/** Which exports of a config a command is about. */
import { ConfigError } from "../base/errors.ts";
import { didYouMean } from "../base/suggest.ts";
import type { LoadedExport } from "./loaded.ts";

/** All exports, or the one of this name. @throws ConfigError naming the exports there are. */
export function selectExports<E extends { readonly name: string }>(
  config: { readonly path: string; readonly exports: readonly E[] },
  name: string | null,
): readonly E[] {
  if (name === null) return config.exports;
  const found = config.exports.filter((e) => e.name === name);
  if (found.length > 0) return found;
  const names = config.exports.map((e) => e.name);
  const message = `there is no export '${name}' in ${config.path}${didYouMean(name, names)}`;
  throw new ConfigError(message, [], {
    code: "USAGE",
    hint: `Its exports are: ${names.join(", ")}.`,
  });
}

/** @throws ConfigError: bytes of two exports on one stream are neither's. */
export function refuseSharedStdout(exports: readonly LoadedExport[]): void {
  const stream = exports.find(({ destination }) => destination.type === "stdout");
  if (stream === undefined || exports.length < 2) return;
  throw new ConfigError(
    `export '${stream.name}' writes to stdout, which takes one export, and this run has ` +
      `${exports.length}`,
    [],
    { hint: `Run it alone with --export ${stream.name}, and the others by their names.` },
  );
}
