/** A source's connection URL taken apart, with the same words for every engine when it is wrong. */
import type { SourceConfig } from "../../../core/config/schema.ts";
import { ConfigError } from "../../../core/base/errors.ts";

/** What an engine takes for a URL of its own. */
export interface UrlForm {
  readonly type: SourceConfig["type"];
  readonly schemes: readonly string[];
  /** For the hint, e.g. `mysql://user:password@host:3306/database`. */
  readonly example: string;
}

/** @throws ConfigError when the scheme is another engine's or the URL cannot be parsed. */
export function parseConnectionUrl(text: string, { type, schemes, example }: UrlForm): URL {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1].toLowerCase();
  if (scheme === undefined || !schemes.includes(scheme)) {
    const found = scheme === undefined ? "has no scheme" : `starts with ${scheme}://`;
    throw new ConfigError(`source.type is ${type}, but its connection URL ${found}`, [], {
      hint: `Write ${example}.`,
    });
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  // A raw `/`, `?` or `#` in a password ends the host too early; what follows still holds the `@`.
  if (url !== null && !(url.pathname + url.search + url.hash).includes("@")) return url;
  throw new ConfigError("the connection URL of the source cannot be parsed", [], {
    hint:
      "Percent-encode special characters of user, password and parameters (@ is %40, / is %2F, " +
      "? is %3F, # is %23).",
  });
}

/** @param what which part it is, for the message. @throws ConfigError */
export function decodeUrlPart(part: string, what: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConfigError(
      `the ${what} of the connection URL is not percent-encoded correctly`,
      [],
      { hint: "Write a literal % as %25." },
    );
  }
}

/** A number from 1 to `max` that a URL parameter gives. @throws ConfigError */
export function positiveParameter(text: string, name: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new ConfigError(`${name}=${text} of the connection URL is not a number from 1 to ${max}`);
}
