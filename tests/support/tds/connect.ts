/** A scripted server with its certificates, and sources that connect to it. */
import { mssql } from "../../../adapters/sources/mssql/mod.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { resolveTuning, type Tuning } from "../../../core/config/tuning.ts";
import type { Source } from "../../../core/ports/source.ts";
import { makeCertificates } from "./certificate.ts";
import { sessionRules } from "./script.ts";
import { type Rule, type ServerOptions, TdsServer } from "./server.ts";

export const PASSWORD = "s3cret-of-the-test";
/** Made once: the key pairs take longer than a test. */
export const certificates = makeCertificates(["localhost", "127.0.0.1"]);

export interface ConnectTo {
  readonly tuning?: Partial<Tuning>;
  readonly source?: Partial<SourceConfig>;
  readonly signal?: AbortSignal;
}

export function connectTo(server: TdsServer, options: ConnectTo = {}): Promise<Source> {
  return mssql.connect({
    source: {
      type: "mssql",
      host: "127.0.0.1",
      port: server.port,
      user: "reader",
      password: PASSWORD,
      database: "shop",
      ...options.source,
    },
    tuning: { ...resolveTuning({ profile: "fast" }), ...options.tuning },
    applicationName: "rivet/test",
    signal: options.signal,
  });
}

/** Starts a server, runs `work`, stops the server, and fails when the server failed. */
export async function withServer(
  rules: readonly Rule[],
  work: (server: TdsServer) => Promise<void>,
  options: Partial<ServerOptions> = {},
): Promise<void> {
  const server = TdsServer.start({
    certificates,
    ...options,
    rules: [...rules, ...sessionRules()],
  });
  try {
    await work(server);
  } finally {
    await server.stop();
  }
  if (server.faults.length > 0) throw server.faults[0];
}

/** A source on a server that follows the rules, closed at the end. */
export function withSource(
  rules: readonly Rule[],
  work: (source: Source, server: TdsServer) => Promise<void>,
  options: ConnectTo & { readonly server?: Partial<ServerOptions> } = {},
): Promise<void> {
  return withServer(rules, async (server) => {
    const source = await connectTo(server, options);
    try {
      await work(source, server);
    } finally {
      await source.close();
    }
  }, options.server);
}
