/** The Worker's entry: wires the adapters into `WorkerHost`, as `program.ts` does for the main thread. */
import { takeLibraryOutput } from "../core/base/library_output.ts";
import { WorkerHost, type WorkerPort } from "../core/workers/worker_host.ts";
import type { ToWorker } from "../core/workers/worker_protocol.ts";
import { adapters } from "./registry.ts";

declare const self: DedicatedWorkerGlobalScope;

takeLibraryOutput();
const port: WorkerPort = {
  post: (message, transfer = []) => self.postMessage(message, transfer),
};
const host = new WorkerHost(adapters, port);
self.onmessage = (event: MessageEvent<ToWorker>) => host.receive(event.data);
