/** Workers that live as long as the invocation: starting one for every small table would cost more than it. */
import type { WorkerClient } from "./worker_client.ts";

/** Starts a Worker where none is free. */
export class WorkerPool {
  readonly #start: () => WorkerClient;
  readonly #free: WorkerClient[] = [];

  constructor(start: () => WorkerClient) {
    this.#start = start;
  }

  take(): WorkerClient {
    return this.#free.pop() ?? this.#start();
  }

  /** So many bytes will probably come for the Worker that is taken next. */
  expect(bytes: number): void {
    const worker = this.take();
    worker.expect(bytes);
    this.#free.push(worker);
  }

  /** The Worker's connections are closed; a dead Worker is not kept. */
  async give(worker: WorkerClient): Promise<void> {
    if (await worker.release()) this.#free.push(worker);
  }

  close(): void {
    for (const worker of this.#free.splice(0)) worker.close();
  }
}
