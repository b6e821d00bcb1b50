/**
 * Every way to cut an export of SQL Server while its rows change: a server that evaluates each statement over
 * the rows as they are then, with random changes before every one of them.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { queryDuckdb } from "../../support/readers.ts";
import { withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";
import { PASSWORD, withServer } from "../../support/tds/connect.ts";
import { databaseRules, type TableDefinition } from "../../support/tds/sql/database.ts";
import { CUTS } from "../cuts/cases.ts";

type Row = readonly (string | null)[];

/** Rows that nobody touches are those with an `id` that 3 does not divide; there are 2 of 3 of these. */
const IDS = 180;
const isStable = (id: number) => id % 3 !== 0 && id < IDS;

const rowOf = (id: number, name = `n${String(id).padStart(6, "0")}`): Row => [
  String(id),
  id % 7 === 0 ? null : String(id % 23),
  new Date(Date.UTC(2024, 0, 1 + id % 300)).toISOString().slice(0, 10),
  name,
];

/** A table that another session writes to whenever it is looked at. */
class ChangingTable implements TableDefinition {
  readonly columns = [
    { name: "id", type: "int" },
    { name: "tie", type: "int" },
    { name: "at", type: "date" },
    { name: "name", type: "varchar(20)" },
  ];
  readonly primaryKey = "id";
  readonly #rows = new Map<number, Row>();
  #state: number;
  changes = 0;

  constructor(seed: number) {
    this.#state = seed;
    for (let id = 0; id < IDS; id++) this.#rows.set(id, rowOf(id));
  }

  get rows(): readonly Row[] {
    for (let i = 0; i < 10; i++) this.#change();
    return [...this.#rows.values()];
  }

  #random(below: number): number {
    this.#state = (this.#state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(this.#state / 2 ** 31 * below);
  }

  /** Of a row that is not stable: gone, changed, moved, or new. */
  #change(): void {
    this.changes++;
    const id = 3 * this.#random(IDS / 2);
    const row = this.#rows.get(id);
    switch (this.#random(4)) {
      case 0:
        this.#rows.delete(id);
        return;
      case 1:
        if (row !== undefined) this.#rows.set(id, [row[0], String(id % 23), row[2], row[3]]);
        return;
      case 2: {
        const to = 3 * this.#random(IDS);
        if (row === undefined || this.#rows.has(to)) return;
        this.#rows.delete(id);
        this.#rows.set(to, rowOf(to, `m${to}`));
        return;
      }
      default:
        this.#rows.set(id, rowOf(id, `i${id}`));
    }
  }
}

const nameOf = (cut: string) => cut.replaceAll(/\W+/g, "_");

function config(port: number): string {
  const exports = Object.entries(CUTS).map(([cut, settings]) =>
    `  - name: ${nameOf(cut)}
    table: ${settings.includes("chunk_by_key") ? "rows_by_name" : "rows_of"}
    mode: chunked
    ${settings}
    destination: {type: local, path: ./${nameOf(cut)}}
`
  );
  return `source: {type: mssql, url: "sqlserver://reader:${PASSWORD}@127.0.0.1:${port}/shop?trustServerCertificate=true"}
exports:
${exports.join("")}`;
}

async function exportAll(seed: number): Promise<void> {
  const table = new ChangingTable(seed);
  const byName: TableDefinition = {
    columns: table.columns,
    get rows() {
      return table.rows;
    },
    primaryKey: "name",
  };
  await withServer(
    databaseRules({ rows_of: table, rows_by_name: byName }),
    (server) =>
      withConfig(config(server.port), async (dir) => {
        const { exports } = await runConfig(dir);
        for (const { exportName, error } of exports) {
          assert.equal(error?.message, undefined, exportName);
          const found = await queryDuckdb(
            `SELECT id FROM read_parquet('${join(dir, exportName, "*.parquet")}') ORDER BY id`,
          );
          const stable = found.map(({ id }) => Number(id)).filter(isStable);
          const expected = Array.from({ length: IDS }, (_, id) => id).filter(isStable);
          assert.deepEqual(stable, expected, `${exportName}: each once`);
        }
        assert.equal(exports.length, Object.keys(CUTS).length);
        assert.ok(table.changes > 300, `${table.changes} changes while the runs went on`);
      }),
  );
}

Deno.test("mssql cuts: what nobody touches is exported once while others write", () =>
  fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 30 }), exportAll), {
    numRuns: 2,
    endOnFailure: true,
  }));
