/** Discovery from a connection URL: there is no configuration yet that names the engine. */
import type { SourceConfig, TlsConfig } from "../config/schema.ts";
import { resolveTuning } from "../config/tuning.ts";
import { logger } from "../base/log.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { Dialect } from "../ports/source.ts";
import { registerNames, registerUrlSecret } from "../base/redact.ts";
import { discover, type DiscoverOptions, type Discovery } from "./discover.ts";
import { shownNames } from "../config/names.ts";
import { engineOfUrl } from "./engine.ts";

/** Exactly one of the three. */
export type UrlSource = Pick<SourceConfig, "url" | "url_env" | "url_file">;

export interface DiscoverDeps extends Pick<Adapters, "source"> {
  /** The URL itself, from wherever it is. @throws ConfigError */
  readonly readUrl: (source: UrlSource) => string;
}

/** Which database, and how to reach it. */
export interface DiscoverRequest extends DiscoverOptions {
  readonly url: UrlSource;
  readonly tls?: TlsConfig;
  readonly signal: AbortSignal;
}

/** What was found, and the engine that it was found in. */
export interface Discovered {
  readonly sourceType: SourceConfig["type"];
  readonly dialect: Dialect;
  readonly discovery: Discovery;
}

/** @throws ConfigError, SourceError, RivetError SOURCE_OBJECT_NOT_FOUND */
export async function discoverSource(
  deps: DiscoverDeps,
  request: DiscoverRequest,
): Promise<Discovered> {
  const url = deps.readUrl(request.url);
  registerUrlSecret(url);
  const type = engineOfUrl(url);
  const factory = await deps.source(type);
  const source = await factory.connect({
    source: { type, ...request.url, ...(request.tls === undefined ? {} : { tls: request.tls }) },
    tuning: resolveTuning(),
    applicationName: "rivet/init",
    signal: request.signal,
  });
  try {
    for (const warning of source.info.warnings) logger().warn(warning);
    const discovery = await discover(source, request);
    registerNames(shownNames(discovery));
    return { sourceType: type, dialect: factory.dialect, discovery };
  } finally {
    await source.close();
  }
}
