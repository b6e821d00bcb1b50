/** Whether the runtime exports telemetry, found out without loading what would use it. */

/** Where the OpenTelemetry API looks for a provider; a runtime that exports puts its own there. */
const PROVIDER = Symbol.for("opentelemetry.js.api.1");

/** Deno with `OTEL_DENO` does, in each of its threads. */
export function runtimeExports(): boolean {
  return PROVIDER in globalThis;
}

/**
 * What to say where the runtime does not export though it was asked to; null: nothing. An executable has had
 * that decided when it was compiled, and elsewhere the variables themselves say so (`OTEL_SDK_DISABLED`).
 * @param asked the value of `OTEL_DENO`.
 */
export function exporterWarning(standalone: boolean, asked: string | undefined): string | null {
  if (!standalone || asked !== "true" && asked !== "1") return null;
  return "OTEL_DENO is set, but this executable was not built to export telemetry (docs/monitoring.md)";
}
