/** What decorators of the state have to know of its methods. */

const WRITES =
  /^(acquire|join|end|begin|renew|release|save|reset|log|start|claim|complete|fail|requeue|retry|finish|replace|commit|verify|record|append)/;

/** Whether a method of `StateStore` or `LeasedState` changes what the state holds. */
export function isWrite(method: string): boolean {
  return WRITES.test(method) && method !== "renew";
}

/** A lease's answer that brings a state of its own along. */
export function isGranted(
  result: unknown,
): result is { readonly kind: "granted"; readonly state: object } {
  return typeof result === "object" && result !== null && "state" in result &&
    "kind" in result && result.kind === "granted";
}
