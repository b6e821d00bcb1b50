/** SQL Server has no checksum yet: whoever asks for one is told so, before a row is counted. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dialect } from "../../../../../adapters/sources/mssql/dialect.ts";
import type { Source } from "../../../../../core/ports/source.ts";
import { checksumSql } from "../../../../../core/query/checksum.ts";
import { resolveTuning } from "../../../../../core/config/tuning.ts";
import { readJob } from "../../../../../core/extract/read.ts";
import { compareChunks } from "../../../../../core/reconcile/compare_chunks.ts";
import { column, result } from "../../../../support/tds/script.ts";
import { PASSWORD, withServer, withSource } from "../../../../support/tds/connect.ts";
import { types as t } from "../../../../support/tds/types.ts";
import { exportWith, task } from "../../../core/reconcile/reconcile_support.ts";

const MAIN = fileURLToPath(new URL("../../../../../main.ts", import.meta.url));
const SHAPE = { kind: "range", base: "SELECT * FROM items", column: "id" } as const;
const ITEMS = [column("id", t.intNotNull(), false)];
const RULES = [
  { sql: "SELECT TOP (0)", reply: () => result(ITEMS, []) },
  { sql: "COUNT_BIG", reply: () => result([column("n", t.nvarchar(40))], [["1000"]]) },
];

async function compare(source: Source, values: boolean) {
  const description = values ? await source.describe(SHAPE.base, new Map()) : null;
  const comparison = {
    exported: exportWith(),
    shape: SHAPE,
    tasks: [task(0)],
    description,
    signal: new AbortController().signal,
  };
  return await compareChunks((question) => question(source), comparison);
}

Deno.test("mssql checksum: refused by name of the engine, with the remedy", async () => {
  equal(checksumSql(dialect, "SELECT 1", []), null);
  await withSource(RULES, async (source, server) => {
    await rejects(compare(source, true), {
      code: "NOT_AVAILABLE",
      message: "export 'orders': checksums are not available for SQL Server",
      hint: "Reconcile counts: leave --checksum out, or set reconcile: count.",
    });
    equal(server.asked.some((sql) => sql.includes("COUNT_BIG")), false);
    // Counts are compared as ever.
    deepEqual((await compare(source, false)).map((p) => p.status), ["match"]);
  });
});

Deno.test("mssql checksum: rows that are read leave none behind, as a repair would", async () => {
  const rules = [
    RULES[0],
    { sql: "FROM items", reply: () => result(ITEMS, [[1], [2]]) },
  ];
  await withSource(rules, async (source) => {
    const { columns } = await source.describe(SHAPE.base, new Map());
    const job = {
      spec: { kind: "statement", sql: SHAPE.base } as const,
      columns,
      watch: null,
      ties: null,
      checksum: true,
      tuning: resolveTuning({ profile: "fast" }),
      maxFileBytes: null,
    };
    const signal = new AbortController().signal;
    const { rows, checksum } = await readJob(source, job, () => Promise.resolve(), signal);
    deepEqual([rows, checksum], [2, null]);
  });
});

const CONFIG = (port: number) => `
source:
  { type: mssql, host: 127.0.0.1, port: ${port}, user: reader, password_env: PASSWORD, database: shop }
exports:
  - name: orders
    query: SELECT * FROM items
    mode: chunked
    chunk_column: id
    chunk_checkpoint: true
    reconcile: checksum
    format: csv
    destination: { type: local, path: ./out }
`;

Deno.test("mssql checksum: a run that asks for one is refused before its first row", async () => {
  const folder = await Deno.makeTempDir({ prefix: "rivet-mssql-checksum-" });
  try {
    await withServer(RULES, async (server) => {
      await Deno.writeTextFile(join(folder, "rivet.yaml"), CONFIG(server.port));
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", MAIN, "run", "-c", "rivet.yaml", "--json-errors"],
        cwd: folder,
        env: { RIVET_STATE_URL: "", RIVET_LOG: "", RUST_LOG: "", PASSWORD },
        stdin: "null",
      }).output();
      const error = JSON.parse(new TextDecoder().decode(stderr).trim().split("\n").at(-1) ?? "");
      deepEqual([code, error.code], [2, "NOT_AVAILABLE"]);
      match(error.error, /checksums are not available for SQL Server/);
      equal(server.asked.some((sql) => sql.includes("items")), false);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
