/** What a command asks for, as the span that everything else of its run is inside of. */
import { wrapCalls } from "../core/base/wrapped_calls.ts";
import { telemetry } from "../core/ports/telemetry.ts";
import type { RunAggregate } from "../core/report/summary.ts";
import type { Services } from "./services.ts";

/** The services that ask a source or a destination, with what their spans call them. */
const COMMANDS: Readonly<Partial<Record<keyof Services, string>>> = {
  runExports: "run",
  runTasks: "task",
  runProcesses: "run",
  applyConfig: "apply",
  planExports: "plan",
  holdPlans: "plan",
  checkExports: "check",
  runDoctor: "doctor",
  validateExports: "validate",
  reconcileExport: "reconcile",
  repairExport: "repair",
  discover: "init",
};

/** The same services, each of their long calls a span. */
export function tracedServices(services: Services): Services {
  return wrapCalls(services, (method, _args, call) => {
    const command = new Map(Object.entries(COMMANDS)).get(method);
    if (command === undefined) return call();
    return telemetry().span("run", { "rivet.command": command }, async (span) => {
      const result = await call();
      if (isAggregate(result)) {
        const { rows, bytes, files, succeeded, failed, skipped } = result;
        span.set({ "rivet.rows": rows, "rivet.bytes": bytes, "rivet.files": files });
        span.set({
          "rivet.succeeded": succeeded,
          "rivet.failed": failed,
          "rivet.skipped": skipped,
        });
        // A failed export is no throw.
        if (failed > 0) span.fail("EXPORT_FAILED");
      }
      return result;
    });
  });
}

function isAggregate(result: unknown): result is RunAggregate {
  return typeof result === "object" && result !== null && "succeeded" in result &&
    "skipped" in result && "exports" in result;
}
