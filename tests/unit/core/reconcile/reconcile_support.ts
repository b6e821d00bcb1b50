/** A checkpointed run and a source that answers from a table, for reconcile and repair. */
import { read } from "../../../../core/base/schema.ts";
import { resolveExport } from "../../../../core/config/resolve.ts";
import type { LoadedConfig, LoadedExport } from "../../../../core/config/loaded.ts";
import { configSchema } from "../../../../core/config/schema.ts";
import { dialect } from "../../../../adapters/sources/postgres/dialect.ts";
import type { Source } from "../../../../core/ports/source.ts";
import type { ChunkRun, ChunkTask } from "../../../../core/ports/state.ts";
import type { ChunkShape } from "../../../../core/query/cuts/cut.ts";
import type { RecordedRun } from "../../../../core/reconcile/chunk_run.ts";

export const RUN_ID = "orders_20260329T125109.336";

export const SHAPE: ChunkShape = { kind: "range", base: "SELECT id FROM orders", column: "id" };

export function loadedConfig(...exports: Record<string, unknown>[]): LoadedConfig {
  const config = read(configSchema, {
    source: { type: "postgres", url_env: "U" },
    exports: exports.map((fields) => ({
      name: "orders",
      query: SHAPE.base,
      mode: "chunked",
      chunk_column: "id",
      chunk_checkpoint: true,
      destination: { type: "local", path: "out" },
      ...fields,
    })),
  });
  const query = (entry: { query?: string }) => entry.query ?? null;
  return {
    path: "/x/rivet.yaml",
    dir: "/x",
    source: config.source,
    exports: config.exports.map((e) => resolveExport(e, query(e), config.source, "/x")),
    config,
    variables: [],
    warnings: [],
  };
}

export function exportWith(fields: Record<string, unknown> = {}): LoadedExport {
  return loadedConfig(fields).exports[0];
}

export function task(chunkIndex: number, fields: Partial<ChunkTask> = {}): ChunkTask {
  return {
    runId: RUN_ID,
    chunkIndex,
    startKey: String(chunkIndex * 1000 + 1),
    endKey: String(chunkIndex * 1000 + 1000),
    status: "completed",
    attempts: 1,
    rowsWritten: 1000,
    parts: "[]",
    checksum: null,
    error: null,
    worker: null,
    claimedAt: null,
    updatedAt: "2026-03-29T12:51:09.336Z",
    ...fields,
  };
}

export function chunkRun(fields: Partial<ChunkRun> = {}): ChunkRun {
  return {
    runId: RUN_ID,
    exportName: "orders",
    planFingerprint: "0123456789abcdef",
    status: "completed",
    maxAttempts: 3,
    createdAt: "2026-03-29T12:51:09.336Z",
    updatedAt: "2026-03-29T12:51:09.336Z",
    plan: JSON.stringify({ shape: SHAPE, pageRows: null }),
    planId: null,
    finishedAt: null,
    ...fields,
  };
}

export function recorded(
  tasks: readonly ChunkTask[],
  shape: ChunkShape = SHAPE,
  run: Partial<ChunkRun> = {},
): RecordedRun {
  return { run: chunkRun(run), tasks, shape, pageRows: null };
}

export interface AnsweringSource {
  readonly source: Source;
  /** Every statement that was asked. */
  readonly asked: string[];
}

/** @param answer the one row of a statement; what it throws is the source's failure. */
export function answering(answer: (sql: string) => (string | null)[]): AnsweringSource {
  const asked: string[] = [];
  const source: Partial<Source> = {
    dialect,
    info: { engine: "postgres", version: "15", warnings: [] },
    rows: (sql) => {
      asked.push(sql);
      try {
        return Promise.resolve([answer(sql)]);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    describe: () =>
      Promise.resolve({
        columns: [{
          name: "id",
          type: { kind: "int", bits: 64, signed: true },
          nullable: false,
          nativeType: "bigint",
          fidelity: "exact",
        }],
        selectList: [`_rivet."id"`],
      }),
    close: () => Promise.resolve(),
  };
  return { source: source as Source, asked };
}
