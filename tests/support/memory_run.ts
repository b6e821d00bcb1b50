/** Whole runs over adapters in memory: a source, a destination, a format, and a state in a folder. */
import { join } from "node:path";
import { configureLogging } from "../../core/base/log.ts";
import type { LoadedConfig } from "../../core/config/loaded.ts";
import type { NotifyKind } from "../../core/ports/notifier.ts";
import type { StateStore } from "../../core/ports/state.ts";
import type { RunAggregate } from "../../core/report/summary.ts";
import type { RunDeps } from "../../core/run/context.ts";
import { runExports } from "../../core/run/run.ts";
import type { RunOptions } from "../../core/run/run_options.ts";
import { WorkerClient } from "../../core/workers/worker_client.ts";
import { openSqlite, STATE_FILE } from "../../state/open.ts";
import { loadedExport } from "./exports.ts";
import { LocalThread } from "./local_thread.ts";
import { KeptDestination } from "./memory_destination.ts";
import { memoryFormat } from "./memory_format.ts";
import { MemoryNotifier } from "./memory_notifier.ts";
import { MemoryServer } from "./memory_source.ts";

/** Waits of a millisecond: a test is not to wait for a source. */
const TUNING = { profile: "fast", max_retries: 2, retry_backoff_ms: 1, retry_max_backoff_ms: 1 };

export class MemoryRun {
  readonly dir: string;
  readonly server: MemoryServer;
  readonly destination = new KeptDestination();
  readonly notifier: MemoryNotifier;
  readonly state: StateStore;
  readonly warnings: string[] = [];

  private constructor(dir: string, state: StateStore, rows: number, on: readonly NotifyKind[]) {
    this.dir = dir;
    this.state = state;
    this.server = new MemoryServer(rows);
    this.notifier = new MemoryNotifier(on);
  }

  /** @param rows of the table. */
  static async with(
    rows: number,
    body: (run: MemoryRun) => Promise<void>,
    on: readonly NotifyKind[] = [],
  ): Promise<void> {
    const dir = await Deno.makeTempDir({ prefix: "rivet-memory-" });
    const state = await openSqlite(join(dir, STATE_FILE));
    const run = new MemoryRun(dir, state, rows, on);
    try {
      await body(run);
    } finally {
      await state.close();
      await run.destination.end();
      configureLogging({ level: "error", sink: () => {} });
      await Deno.remove(dir, { recursive: true });
    }
  }

  /** @param fields keys of the export `orders`. @param wrap what stands in for a dependency. */
  async run(
    fields: Record<string, unknown> = {},
    options: Partial<RunOptions> = {},
    wrap: (deps: RunDeps) => RunDeps = (deps) => deps,
  ): Promise<RunAggregate> {
    configureLogging({ level: "warn", sink: ({ text }) => this.warnings.push(text) });
    const exported = loadedExport({ format: "csv", tuning: TUNING, ...fields });
    const notifications = { slack: { on: [] } };
    const config = {
      path: join(this.dir, "rivet.yaml"),
      dir: this.dir,
      source: { type: "postgres", url_env: "U" },
      exports: [exported],
      config: { notifications, exports: [exported.config] },
      warnings: [],
    } as unknown as LoadedConfig;
    const deps = wrap(this.#deps());
    return await runExports(deps, {
      config,
      exportName: null,
      ...{ validate: false, reconcile: false, parallelExports: false, resume: false, force: false },
      signal: new AbortController().signal,
      listener: { started: () => {}, progress: () => {}, finished: () => {} },
      ...options,
    });
  }

  /** The rows of all committed parts, by what the manifest lists. */
  async rows(): Promise<string[]> {
    const body = await this.text("manifest.json");
    const { parts } = JSON.parse(body ?? '{"parts":[]}') as {
      parts: { path: string; status: string }[];
    };
    const rows: string[] = [];
    for (const { path } of parts.filter(({ status }) => status === "committed")) {
      const [, ...lines] = (await this.text(path) ?? "").trimEnd().split("\n");
      rows.push(...lines);
    }
    return rows;
  }

  /** An object of the destination; null when it is not there. */
  async text(key: string): Promise<string | null> {
    const bytes = await this.destination.read(key);
    return bytes === null ? null : new TextDecoder().decode(bytes);
  }

  #deps(): RunDeps {
    const adapters = {
      source: () => Promise.resolve(this.server.factory),
      destination: () => Promise.resolve(this.destination),
      format: () => Promise.resolve(memoryFormat),
      table: (type: string) => Promise.reject(new Error(`no table format ${type}`)),
      openNotifiers: () => Promise.resolve([this.notifier]),
      openLineage: () => Promise.resolve(null),
    };
    return {
      ...adapters,
      state: this.state,
      // Readers that are Workers, wherever the tests run.
      cores: 4,
      startWorker: () => new WorkerClient(new LocalThread(adapters)),
    };
  }
}
