/** Short questions to the source, asked again over a fresh connection when a failure can pass. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { logger } from "../base/log.ts";
import type { Source, SourceFactory } from "../ports/source.ts";
import { withRetry } from "../base/retry.ts";
import { SourceSession } from "./session.ts";

export type Ask = <T>(question: (source: Source) => Promise<T>) => Promise<T>;

export interface AskedSource {
  readonly config: LoadedConfig;
  readonly exported: LoadedExport;
  readonly factory: (type: string) => Promise<SourceFactory>;
  readonly signal: AbortSignal;
}

/** Runs `work` with a connection of its own, which is closed afterwards. */
export async function withSource<T>(
  { config, exported, factory, signal }: AskedSource,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { tuning } = exported;
  const session = new SourceSession(() => factory(config.source.type), () => ({
    source: config.source,
    tuning,
    applicationName: `rivet/${exported.name}`,
    signal,
  }));
  let warned = false;
  const ask: Ask = (question) =>
    withRetry(
      { maxRetries: tuning.maxRetries, backoffMs: tuning.retryBackoffMs },
      signal,
      () =>
        session.use((source) => {
          if (!warned) { for (const warning of source.info.warnings) logger().warn(warning); }
          warned = true;
          return question(source);
        }),
      (error, retry, waitMs) =>
        logger().warn(`the source failed, retry ${retry} in ${waitMs} ms: ${error.message}`),
    );
  try {
    return await work(ask);
  } finally {
    await session.close();
  }
}
