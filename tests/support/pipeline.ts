/** Whole runs in this process, over real adapters, against one database: a config, its state, its files. */
import { join } from "node:path";
import postgres from "postgres";
import { adapters } from "../../adapters/registry.ts";
import { loadConfig } from "../../core/config/load.ts";
import { configureLogging } from "../../core/base/log.ts";
import type { Source } from "../../core/ports/source.ts";
import type { StateStore } from "../../core/ports/state.ts";
import { runExports } from "../../core/run/run.ts";
import type { RunAggregate } from "../../core/report/summary.ts";
import type { RunOptions } from "../../core/run/run_options.ts";
import { startThread } from "../../core/workers/thread.ts";
import { WorkerClient } from "../../core/workers/worker_client.ts";
import { openSqlite, STATE_FILE } from "../../state/open.ts";
import { createDatabase, type TestDatabase } from "./postgres.ts";

/** Outlives the run that it was started for: starting a Worker costs more than a small export. */
class KeptWorker extends WorkerClient {
  constructor() {
    super(startThread(new URL("../../adapters/worker.ts", import.meta.url)));
  }

  override close(): void {}

  end(): void {
    super.close();
  }
}

/** A test database with as many sessions as a test wants. */
export class TestSource {
  readonly #database: TestDatabase;
  readonly #clients: postgres.Sql[] = [];

  private constructor(database: TestDatabase) {
    this.#database = database;
  }

  static async create(): Promise<TestSource> {
    const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
    if (!url) throw new Error("RIVET_TEST_POSTGRES_URL is not set; `deno task test` sets it");
    return new TestSource(await createDatabase({ url }));
  }

  get url(): string {
    return this.#database.url;
  }

  /** The last statement's rows as text. */
  sql(text: string): Promise<(string | null)[][]> {
    return this.#database.sql(text);
  }

  /** A session of its own, for a writer. */
  session(): postgres.Sql {
    const client = postgres(this.url, { max: 1, prepare: false, onnotice: () => {} });
    this.#clients.push(client);
    return client;
  }

  async drop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end({ timeout: 1 })));
    await this.#database.drop();
  }
}

export class Pipeline {
  readonly dir: string;
  readonly state: StateStore;
  readonly warnings: string[] = [];
  readonly #workers: KeptWorker[] = [];
  readonly #free: KeptWorker[] = [];

  private constructor(dir: string, state: StateStore) {
    this.dir = dir;
    this.state = state;
  }

  /** @param exports the `exports:` list; files are CSV under `./<name>` unless it says otherwise. */
  static async open(
    url: string,
    exports: readonly Record<string, unknown>[],
    options: { user?: string } = {},
  ): Promise<Pipeline> {
    const dir = await Deno.makeTempDir({ prefix: "rivet-pipeline-" });
    const address = new URL(url);
    if (options.user !== undefined) address.username = options.user;
    const config = {
      source: { type: engineOf(address), url: address.href, tls: { mode: "disable" } },
      exports: exports.map((entry) => ({
        format: "csv",
        destination: { type: "local", path: `./${entry.name}` },
        tuning: { profile: "fast", max_retries: 0 },
        ...entry,
      })),
    };
    // JSON is YAML.
    await Deno.writeTextFile(join(dir, "rivet.yaml"), JSON.stringify(config));
    return new Pipeline(dir, await openSqlite(join(dir, STATE_FILE)));
  }

  async run(
    options: Partial<RunOptions> = {},
    wrap: (source: Source) => Source = (source) => source,
  ): Promise<RunAggregate> {
    const config = await loadConfig(join(this.dir, "rivet.yaml"), {
      params: new Map(),
      env: () => undefined,
    });
    configureLogging({ level: "warn", sink: (entry) => this.warnings.push(entry.text) });
    const taken: KeptWorker[] = [];
    try {
      return await runExports({
        ...adapters,
        state: this.state,
        source: async (type) => {
          const factory = await adapters.source(type);
          return { ...factory, connect: async (o) => wrap(await factory.connect(o)) };
        },
        startWorker: () => {
          const worker = this.#takeWorker();
          taken.push(worker);
          return worker;
        },
      }, {
        config,
        exportName: null,
        validate: false,
        reconcile: false,
        parallelExports: false,
        resume: false,
        force: false,
        signal: new AbortController().signal,
        listener: { started: () => {}, progress: () => {}, finished: () => {} },
        ...options,
      });
    } finally {
      this.#free.push(...taken);
    }
  }

  /** The rows of all files of an export so far: one field list each, without the header. */
  async rows(exportName: string): Promise<string[][]> {
    const folder = join(this.dir, exportName);
    const rows: string[][] = [];
    try {
      for await (const entry of Deno.readDir(folder)) {
        if (!entry.name.endsWith(".csv")) continue;
        const text = await Deno.readTextFile(join(folder, entry.name));
        rows.push(...text.trim().split(/\r?\n/).slice(1).map((line) => line.split(",")));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return rows;
  }

  async manifest(exportName: string): Promise<Record<string, unknown>> {
    return JSON.parse(await Deno.readTextFile(join(this.dir, exportName, "manifest.json")));
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) worker.end();
    await this.state.close();
    await Deno.remove(this.dir, { recursive: true });
  }

  #takeWorker(): KeptWorker {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const started = new KeptWorker();
    this.#workers.push(started);
    return started;
  }
}

function engineOf({ protocol }: URL): string {
  return protocol === "mysql:" ? "mysql" : "postgres";
}

/** Opens, works, closes, whatever happens. */
export async function withPipeline(
  source: Pick<TestSource, "url">,
  exports: readonly Record<string, unknown>[],
  work: (pipeline: Pipeline) => Promise<void>,
): Promise<void> {
  const pipeline = await Pipeline.open(source.url, exports);
  try {
    await work(pipeline);
  } finally {
    await pipeline.close();
  }
}

export async function withSource(work: (source: TestSource) => Promise<void>): Promise<void> {
  const source = await TestSource.create();
  try {
    await work(source);
  } finally {
    await source.drop();
  }
}
