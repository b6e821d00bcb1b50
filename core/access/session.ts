/** A source connection that is opened when first needed and never used again after a failure. */
import type { ConnectOptions, Source, SourceFactory } from "../ports/source.ts";

/** At most one connection, and another one after a failure. */
export class SourceSession {
  readonly #factory: () => Promise<SourceFactory>;
  readonly #options: () => ConnectOptions;
  #source: Source | null = null;

  /** @param options asked at every connect. */
  constructor(factory: () => Promise<SourceFactory>, options: () => ConnectOptions) {
    this.#factory = factory;
    this.#options = options;
  }

  /** Runs `work` on the connection; when it throws, the connection is closed and forgotten. */
  async use<T>(work: (source: Source) => Promise<T>): Promise<T> {
    const source = this.#source ?? await this.#connect();
    try {
      return await work(source);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const source = this.#source;
    this.#source = null;
    await source?.close();
  }

  async #connect(): Promise<Source> {
    const factory = await this.#factory();
    this.#source = await factory.connect(this.#options());
    return this.#source;
  }
}
