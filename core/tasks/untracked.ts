/**
 * Parts that this process has put and that no chunk names: a worker that lost a claim moves its own aside,
 * so that a finish that came before it leaves nothing beside the data.
 */
import { type AnyDestination, bound, type Destination, isStream } from "../ports/destination.ts";
import { quarantine } from "../manifest/quarantine.ts";

/** The destination as a worker writes to it. */
export class UntrackedParts {
  readonly #keys = new Set<string>();

  /** @param before each part: who slept finds out here that it is too late. */
  over(destination: AnyDestination, before: () => Promise<void>): AnyDestination {
    if (isStream(destination)) return destination;
    const put: Destination["put"] = async (file, key, signal) => {
      await before();
      const outcome = await destination.put(file, key, signal);
      if (outcome === "stored") this.#keys.add(key);
      return outcome;
    };
    return {
      capabilities: destination.capabilities,
      uri: destination.uri,
      stagingDir: () => destination.stagingDir(),
      put,
      replace: (...args) => destination.replace(...args),
      list: (...args) => destination.list(...args),
      head: (...args) => destination.head(...args),
      read: (...args) => destination.read(...args),
      move: (...args) => destination.move(...args),
      readRange: (...args) => destination.readRange(...args),
      probe: (...args) => destination.probe(...args),
      close: () => destination.close(),
    };
  }

  /** A chunk names them, or may: whether it does is for the finish to say. */
  forget(keys: readonly string[]): void {
    for (const key of keys) this.#keys.delete(key);
  }

  remember(keys: readonly string[]): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** M9: best effort. */
  async quarantine(destination: AnyDestination, runId: string, signal: AbortSignal): Promise<void> {
    if (isStream(destination)) return;
    const place = bound(destination, signal);
    for (const key of this.#keys) await quarantine(place, runId, key);
    this.#keys.clear();
  }
}
