/** Whether the runtime exports telemetry, found out without loading what would use it. */

/** Where the OpenTelemetry API looks for a provider; a runtime that exports puts its own there. */
const PROVIDER = Symbol.for("opentelemetry.js.api.1");

/** Deno with `OTEL_DENO` does, in each of its threads. */
export function runtimeExports(): boolean {
  return PROVIDER in globalThis;
}
