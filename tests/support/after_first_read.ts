/** A change at the source between two statements of a run. */
import type { Source } from "../../core/ports/source.ts";

/** Sources that run `change` once, when the first statement has been read to its end. */
export function afterFirstRead(change: () => Promise<unknown>): (inner: Source) => Source {
  let changed = false;
  return (inner) =>
    new Proxy(inner, {
      get(object, key) {
        const value = Reflect.get(object, key, object);
        if (key !== "read") return typeof value === "function" ? value.bind(object) : value;
        return async function* (...args: Parameters<Source["read"]>) {
          yield* object.read(...args);
          if (changed) return;
          changed = true;
          await change();
        };
      },
    });
}
