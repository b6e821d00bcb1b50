/** An export whose files are a table, on PostgreSQL, run in the test's own process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { adapters } from "../../../adapters/registry.ts";
import { loadConfig } from "../../../core/config/load.ts";
import { repairExport } from "../../../core/repair/repair.ts";
import type { ExportSummary } from "../../../core/report/summary.ts";
import { startThread } from "../../../core/workers/thread.ts";
import { WorkerClient } from "../../../core/workers/worker_client.ts";
import { validateExports } from "../../../core/validate/validate.ts";
import { openState } from "../../../state/open.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { withLease } from "../../../core/lease/lease.ts";
import type { LeasedState } from "../../../core/ports/state.ts";
import { runConfig } from "../../support/run.ts";

const WORKER = new URL("../../../adapters/worker.ts", import.meta.url);
const env = (name: string) => Deno.env.get(name);

export class Lake {
  readonly dir: string;
  readonly database: TestDatabase;

  private constructor(dir: string, database: TestDatabase) {
    this.dir = dir;
    this.database = database;
  }

  static async with(sql: string, body: (lake: Lake) => Promise<void>): Promise<void> {
    const server = await testPostgres();
    const database = await createDatabase(server);
    const dir = await Deno.makeTempDir({ prefix: "rivet-table-" });
    try {
      await database.sql(sql);
      await body(new Lake(dir, database));
    } finally {
      await database.drop();
      await server.stop();
      await Deno.remove(dir, { recursive: true });
    }
  }

  /** The table's folder. */
  get out(): string {
    return join(this.dir, "out");
  }

  /** Replaces the configuration: the export `rows` with these fields, written to `out` unless they say otherwise. */
  async configure(fields: string, destination = "{type: local, path: ./out}"): Promise<void> {
    await Deno.writeTextFile(
      join(this.dir, "rivet.yaml"),
      `source: {type: postgres, url: "${this.database.url}", tls: {mode: disable}}\nexports:\n` +
        `  - {name: rows, ${fields}, destination: ${destination}}\n`,
    );
  }

  /** Runs the export, which may fail. */
  async tryRun(
    options: Parameters<typeof runConfig>[1] = {},
    wrap?: Parameters<typeof runConfig>[2],
  ): Promise<ExportSummary> {
    return (await runConfig(this.dir, options, wrap)).exports[0];
  }

  async run(options: Parameters<typeof runConfig>[1] = {}): Promise<ExportSummary> {
    const summary = await this.tryRun(options);
    assert.equal(summary.status, "success", summary.error?.message);
    return summary;
  }

  /** Writes to the export's state, under its lease. */
  async withState(write: (state: LeasedState) => Promise<unknown>): Promise<void> {
    const state = await openState({ dir: this.dir, env, warn: () => {} });
    try {
      const { signal } = new AbortController();
      await withLease(state, "rows", { signal }, (lease) => write(lease.state));
    } finally {
      await state.close();
    }
  }

  /** Reconciles the export and writes the chunks again that differ. */
  async repair(): Promise<void> {
    const config = await loadConfig(join(this.dir, "rivet.yaml"), { params: new Map(), env });
    const state = await openState({ dir: this.dir, env, warn: () => {} });
    try {
      const startWorker = () => new WorkerClient(startThread(WORKER));
      const { execution } = await repairExport({ ...adapters, state, startWorker }, {
        ...{ config, exported: config.exports[0], report: null, execute: true },
        signal: new AbortController().signal,
      });
      assert.equal(execution?.status, "success", execution?.error?.message);
    } finally {
      await state.close();
    }
  }

  /** `rivet validate`: the codes of what it found, and its notes. */
  async validate(): Promise<{ codes: string[]; warnings: readonly string[] }> {
    const { exports } = await loadConfig(join(this.dir, "rivet.yaml"), { params: new Map(), env });
    const state = await openState({ dir: this.dir, env, warn: () => {} });
    try {
      const { signal } = new AbortController();
      const where = { date: null, runId: null, prefix: null, format: null };
      const deps = { ...adapters, state: () => Promise.resolve(state) };
      const { exports: [found] } = await validateExports(deps, {
        exports,
        signal,
        deep: true,
        ...where,
      });
      return { codes: found.findings.map(({ code }) => code), warnings: found.warnings };
    } finally {
      await state.close();
    }
  }

  async manifest(): Promise<Record<string, unknown>> {
    return JSON.parse(await Deno.readTextFile(join(this.out, "manifest.json")));
  }
}
