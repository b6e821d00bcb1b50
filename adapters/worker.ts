/** The Worker's entry: wires the adapters into `WorkerHost`, as `main.ts` does for the main thread. */
import { WorkerHost, type WorkerPort } from "../core/workers/worker_host.ts";
import type { ToWorker } from "../core/workers/worker_protocol.ts";
import { formats } from "./formats/mod.ts";
import { sourceFactory } from "./sources/mod.ts";

declare const self: DedicatedWorkerGlobalScope;

const port: WorkerPort = {
  post: (message) => self.postMessage(message),
};
const host = new WorkerHost({ source: sourceFactory, format: (name) => formats[name] }, port);
self.onmessage = (event: MessageEvent<ToWorker>) => host.receive(event.data);
