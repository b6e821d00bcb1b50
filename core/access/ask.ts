/** Short questions to the source, asked again over a fresh connection when a failure can pass. */
import type { LoadedConfig, LoadedExport } from "../config/loaded.ts";
import { delay } from "../base/wait.ts";
import type { Source, SourceFactory } from "../ports/source.ts";
import { loggedRetrier } from "./logged_retrier.ts";
import { RetriedSession } from "./retried_session.ts";
import { SourceSession } from "./session.ts";
import { tellWarnings } from "./source_warnings.ts";

/** Asks one question, again where that may help. */
export type Ask = <T>(question: (source: Source) => Promise<T>) => Promise<T>;

/** Whose source it is, and how it is reached. */
export interface AskedSource {
  readonly config: LoadedConfig;
  readonly exported: LoadedExport;
  readonly factory: (type: string) => Promise<SourceFactory>;
  readonly signal: AbortSignal;
  /** The `SharedSnapshot.id` that it is asked in; absent: none. */
  readonly snapshot?: string;
}

/** What is asked for, in the log's words, and as whom. */
export interface Asking {
  /** E.g. `reconcile`. */
  readonly step: string;
  /** Shown in the server's session list. */
  readonly applicationName: string;
}

/** Runs `work` with a connection of its own, which is closed afterwards. */
export async function withSource<T>(
  { config, exported, factory, signal, snapshot }: AskedSource,
  { step, applicationName }: Asking,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { tuning } = exported;
  const session = new SourceSession(() => factory(config.source.type), () => ({
    source: config.source,
    tuning,
    applicationName,
    signal,
    ...(snapshot === undefined ? {} : { snapshot }),
  }));
  const retried = new RetriedSession(session, loggedRetrier(tuning, signal));
  const ask: Ask = (question) =>
    retried.use(step, (source) => {
      tellWarnings(config.source, source.info);
      return question(source);
    });
  try {
    return await work(ask);
  } finally {
    await session.close();
  }
}

/** The same, at least `throttleMs` after the last question. */
export function throttled(ask: Ask, throttleMs: number, signal: AbortSignal): Ask {
  let asked = false;
  return async (question) => {
    if (asked) await delay(throttleMs, signal);
    asked = true;
    return await ask(question);
  };
}
