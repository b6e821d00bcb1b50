/** The Worker's entry: wires the adapters into `WorkerHost`, as `program.ts` does for the main thread. */
import { loggedAdapters } from "../core/access/logged_ports.ts";
import { tracedAdapters } from "../core/access/traced_ports.ts";
import { runtimeExports } from "../core/base/exporter.ts";
import { takeLibraryOutput } from "../core/base/library_output.ts";
import { configureTelemetry } from "../core/ports/telemetry.ts";
import { WorkerHost, type WorkerPort } from "../core/workers/worker_host.ts";
import type { ToWorker } from "../core/workers/worker_protocol.ts";
import { adapters } from "./registry.ts";

/**
 * What both kinds of Worker have. The port that Node.js names would look at every element of every batch for
 * ports that could be in it.
 */
const scope = globalThis as unknown as Pick<
  DedicatedWorkerGlobalScope,
  "postMessage" | "onmessage"
>;

takeLibraryOutput();
if (runtimeExports()) {
  const { openTelemetry }: typeof import("./telemetry/opentelemetry.ts") = await import(
    "./telemetry/opentelemetry.ts" as string
  );
  configureTelemetry(openTelemetry(null));
}
const port: WorkerPort = {
  post: (message, transfer = []) => scope.postMessage(message, transfer),
};
const host = new WorkerHost(loggedAdapters(tracedAdapters(adapters)), port);
scope.onmessage = (event: MessageEvent<ToWorker>) => host.receive(event.data);
