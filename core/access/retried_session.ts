/** A source session whose work is done again, on a fresh connection, when what went wrong can pass. */
import type { Source } from "../ports/source.ts";
import type { Retrier } from "./retrier.ts";
import type { SourceSession } from "./session.ts";

/** A `SourceSession` with a `Retrier` around its work. */
export class RetriedSession {
  readonly #session: SourceSession;
  readonly #retrier: Retrier;

  constructor(session: SourceSession, retrier: Retrier) {
    this.#session = session;
    this.#retrier = retrier;
  }

  /** As the session's `use`. @param step for the log and the journal. */
  use<T>(step: string, work: (source: Source) => Promise<T>): Promise<T> {
    return this.#retrier.run({ step }, () => this.#session.use(work));
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
