/** Which engine a connection URL is for. */
import { SCHEMES } from "../config/rules/source.ts";
import type { SourceConfig } from "../config/schema.ts";
import { ConfigError } from "../base/errors.ts";

/** @throws ConfigError USAGE that names the schemes, never the URL. */
export function engineOfUrl(url: string): SourceConfig["type"] {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url.trim())?.[1].toLowerCase();
  for (const [type, schemes] of Object.entries(SCHEMES)) {
    if (scheme !== undefined && schemes.includes(scheme)) return type as SourceConfig["type"];
  }
  const found = scheme === undefined ? "has no scheme" : `starts with ${scheme}://`;
  throw new ConfigError(`the connection URL ${found}`, [], {
    code: "USAGE",
    hint:
      "Write postgresql://, mysql:// or sqlserver:// and then user:password@host:port/database.",
  });
}
