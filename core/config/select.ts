/** Which exports of a config a command is about. */
import { ConfigError } from "../base/errors.ts";
import { didYouMean } from "../base/suggest.ts";
import type { LoadedConfig, LoadedExport } from "./loaded.ts";

/** All exports, or the one of this name. @throws ConfigError naming the exports there are. */
export function selectExports(config: LoadedConfig, name: string | null): readonly LoadedExport[] {
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
