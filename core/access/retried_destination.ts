/** A destination whose calls are made again when what went wrong can pass. */
import type { RivetError } from "../base/errors.ts";
import {
  type AnyDestination,
  type Destination,
  isStream,
  type ObjectInfo,
} from "../ports/destination.ts";
import type { Retrier } from "./retrier.ts";

/** Arguments are passed on as they are: what a call is given beside its key is the destination's affair. */
type Args<
  K extends "put" | "replace" | "readRange" | "list" | "head" | "read" | "move" | "probe",
> = Parameters<
  Destination[K]
>;

/** What went into a stream cannot be taken back: a stream stays as it is. */
export function retriedWhereSafe(destination: AnyDestination, retrier: Retrier): AnyDestination {
  return isStream(destination) ? destination : retriedDestination(destination, retrier);
}

/** All calls but those that cross no network. */
export function retriedDestination(inner: Destination, retrier: Retrier): Destination {
  return {
    capabilities: inner.capabilities,
    uri: inner.uri,
    stagingDir: () => inner.stagingDir(),
    put: (...args: Args<"put">) =>
      retrier.run({ step: "put", key: args[1] }, () => inner.put(...args)),
    replace: (...args: Args<"replace">) =>
      retrier.run({ step: "put", key: args[1] }, () => inner.replace(...args)),
    list: (...args: Args<"list">) => retriedList(inner, retrier, args),
    head: (...args: Args<"head">) =>
      retrier.run({ step: "head", key: args[0] }, () => inner.head(...args)),
    read: (...args: Args<"read">) =>
      retrier.run({ step: "read", key: args[0] }, () => inner.read(...args)),
    move: (...args: Args<"move">) => retriedMove(inner, retrier, args),
    readRange: (...args: Args<"readRange">) =>
      retrier.run({ step: "read", key: args[0] }, () => inner.readRange(...args)),
    probe: (...args: Args<"probe">) => retrier.run({ step: "probe" }, () => inner.probe(...args)),
    close: () => inner.close(),
  };
}

/** A listing that broke off is begun again; what it gave before is left out. */
async function* retriedList(
  inner: Destination,
  retrier: Retrier,
  args: Args<"list">,
): AsyncIterable<ObjectInfo> {
  const given = new Set<string>();
  let objects = inner.list(...args)[Symbol.asyncIterator]();
  const next = async () => {
    try {
      for (;;) {
        const found = await objects.next();
        if (found.done === true || !given.has(found.value.key)) return found;
      }
    } catch (error) {
      objects = inner.list(...args)[Symbol.asyncIterator]();
      throw error;
    }
  };
  try {
    for (;;) {
      const found = await retrier.run({ step: "list", key: args[0] }, next);
      if (found.done === true) return;
      given.add(found.value.key);
      yield found.value;
    }
  } finally {
    await objects.return?.();
  }
}

/** An attempt that failed may have moved the object all the same. */
function retriedMove(inner: Destination, retrier: Retrier, args: Args<"move">): Promise<void> {
  let attempts = 0;
  return retrier.run({ step: "move", key: args[0] }, async () => {
    try {
      await inner.move(...args);
    } catch (error) {
      const gone = attempts > 0 && (error as RivetError).code === "DESTINATION_NOT_FOUND";
      if (!gone || await inner.head(args[1], args[2]) === null) throw error;
    } finally {
      attempts++;
    }
  });
}
