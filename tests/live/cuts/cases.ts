/**
 * Every way to cut an export, on a server that is handed in: while a writer changes other rows, and over
 * dates that no calendar of four-digit years holds.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { queryDuckdb } from "../../support/readers.ts";
import { withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";

export interface CutServer {
  readonly type: "postgres" | "mysql";
  readonly url: string;
  sql(text: string): Promise<unknown>;
  /** Why a server of the engine refuses `chunk_dense`; absent where it does not. */
  readonly withoutDense?: RegExp;
}

/** Rows that nobody touches; those with an `id` that 3 divides come and go. */
const STABLE = 400;

export const CUTS: Readonly<Record<string, string>> = {
  "range": "chunk_column: id\n    chunk_size: 60",
  "range, by count": "chunk_column: id\n    chunk_count: 9",
  "days": "chunk_column: at\n    chunk_by_days: 11",
  "dense over a key": "chunk_column: id\n    chunk_dense: true\n    chunk_size: 37",
  "dense over a column with ties": "chunk_column: tie\n    chunk_dense: true\n    chunk_size: 37",
  "unique key": "chunk_by_key: name\n    chunk_size: 37",
};

const value = (id: number) =>
  `(${id}, ${id % 7 === 0 ? "NULL" : id % 23}, '${
    new Date(Date.UTC(2024, 0, 1 + id % 300)).toISOString().slice(0, 10)
  }', 'n${String(id).padStart(6, "0")}')`;

/** One change of rows that are not stable. */
function change(random: () => number): string {
  const id = 3 * Math.floor(random() * 700);
  const other = 3 * Math.floor(random() * 700) + 2100;
  switch (Math.floor(random() * 4)) {
    case 0:
      return `DELETE FROM rows_of WHERE id IN (${id}, ${id + 3}, ${id + 6}, ${id + 9})`;
    case 1:
      return `UPDATE rows_of SET tie = ${id % 23} WHERE id = ${id}`;
    case 2:
      return `UPDATE rows_of SET id = ${other}, name = 'm${other}' WHERE id = ${id} AND ` +
        `NOT EXISTS (SELECT 1 FROM (SELECT * FROM rows_of) r WHERE r.id = ${other} OR r.name = 'm${other}')`;
    default:
      return `INSERT INTO rows_of SELECT ${id}, NULL, '2024-05-05', 'i${id}' FROM (SELECT 1) one WHERE ` +
        `NOT EXISTS (SELECT 1 FROM rows_of r WHERE r.id = ${id} OR r.name = 'i${id}')`;
  }
}

/** Changes rows until the returned function is called, which says how many changes there were. */
function startWriter(server: CutServer, seed: number): () => Promise<number> {
  let state = seed;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  let on = true;
  const changes = (async () => {
    let count = 0;
    for (; on; count++) await server.sql(change(random));
    return count;
  })();
  return () => {
    on = false;
    return changes;
  };
}

async function filesOf(dir: string, select: string): Promise<Record<string, unknown>[]> {
  return await queryDuckdb(`${select} FROM read_parquet('${join(dir, "out", "*.parquet")}')`);
}

export async function underWriters(t: Deno.TestContext, server: CutServer): Promise<void> {
  const stable = Array.from({ length: STABLE * 3 / 2 }, (_, i) => i).filter((id) => id % 3 !== 0);
  for (const [seed, [name, settings]] of Object.entries(CUTS).entries()) {
    await t.step(name, async () => {
      await server.sql("DROP TABLE IF EXISTS rows_of");
      await server.sql(
        "CREATE TABLE rows_of (id int PRIMARY KEY, tie int, at date NOT NULL, name varchar(20) NOT NULL UNIQUE)",
      );
      const ids = Array.from({ length: STABLE * 3 / 2 }, (_, i) => i);
      await server.sql(`INSERT INTO rows_of VALUES ${ids.map(value).join(", ")}`);
      const yaml = `source: {type: ${server.type}, url: "${server.url}", tls: {mode: disable}}
exports:
  - name: t
    table: rows_of
    mode: chunked
    ${settings}
    parallel: 2
    tuning: {throttle_ms: 15}
    destination: {type: local, path: ./out}
`;
      await withConfig(yaml, async (dir) => {
        const stop = startWriter(server, seed + 1);
        const run = await runConfig(dir).finally(stop);
        if (server.withoutDense !== undefined && settings.includes("chunk_dense")) {
          assert.match(run.exports[0].error?.message ?? "", server.withoutDense);
          return;
        }
        assert.equal(run.exports[0].error?.message, undefined);
        assert.ok(await stop() > 20, "the writer wrote while the run went on");
        const found = await filesOf(dir, "SELECT id");
        const untouched = found.map((row) => Number(row.id)).filter((id) =>
          id % 3 !== 0 && id < 600
        );
        assert.deepEqual(untouched.sort((a, b) => a - b), stable, "each once");
      });
    });
  }
}

export interface DayCase {
  readonly name: string;
  readonly columnType: string;
  /** As the server takes them. */
  readonly dates: readonly string[];
  readonly days: number;
  /** At most so many chunks; else the refusal that is expected. */
  readonly expected: { readonly chunks: number } | { readonly refusal: RegExp };
}

export async function oddDates(t: Deno.TestContext, server: CutServer, cases: readonly DayCase[]) {
  for (const { name, columnType, dates, days, expected } of cases) {
    await t.step(name, async () => {
      await server.sql("DROP TABLE IF EXISTS odd_dates");
      await server.sql(`CREATE TABLE odd_dates (id int PRIMARY KEY, d ${columnType})`);
      const values = dates.map((date, i) => `(${i}, ${date === "NULL" ? date : `'${date}'`})`);
      await server.sql(`INSERT INTO odd_dates VALUES ${values.join(", ")}`);
      const yaml = `source: {type: ${server.type}, url: "${server.url}", tls: {mode: disable}}
exports:
  - name: t
    table: odd_dates
    mode: chunked
    chunk_column: d
    chunk_by_days: ${days}
    destination: {type: local, path: ./out}
`;
      await withConfig(yaml, async (dir) => {
        const run = await runConfig(dir);
        const [{ error, chunks }] = run.exports;
        if ("refusal" in expected) {
          assert.match(error?.message ?? "", expected.refusal);
          return;
        }
        assert.equal(error?.message, undefined);
        const found = await filesOf(dir, "SELECT id");
        const ids = found.map((row) => Number(row.id)).sort((a, b) => a - b);
        assert.deepEqual(ids, dates.map((_, i) => i));
        assert.ok((chunks?.total ?? 0) <= expected.chunks, `${chunks?.total} chunks`);
      });
    });
  }
}
