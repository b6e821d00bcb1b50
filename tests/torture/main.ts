/**
 * `deno task torture [--minutes N] [--seed N]`: random kills over every engine, mode and destination until the
 * time is up, at least one round each, and the table of `docs/correctness.md`. The gate runs a sample.
 */
import { parseArgs } from "node:util";
import { createMysqlDatabase, testMysql } from "../support/mariadb.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { startS3 } from "../support/s3.ts";
import { MODES, type Place, torture, type TortureSource } from "./kills.ts";

const KILLS_EACH = 9;
const PAGE = new URL("../../docs/correctness.md", import.meta.url);

interface Line {
  readonly engine: string;
  readonly mode: string;
  readonly place: string;
  rounds: number;
  killed: number;
  rows: number;
}

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "30" }, seed: { type: "string", default: "1" } },
});
const until = performance.now() + Number(values.minutes) * 60_000;

const postgres = await testPostgres();
const mysql = await testMysql();
const s3 = await startS3();
const [pgDatabase, myDatabase] = [await createDatabase(postgres), await createMysqlDatabase(mysql)];
const sources: readonly (readonly [string, TortureSource])[] = [
  ["PostgreSQL", { type: "postgres", ...pgDatabase }],
  ["MariaDB", { type: "mysql", ...myDatabase }],
];
const places: readonly Place[] = [{ kind: "local" }, { kind: "s3", endpoint: s3.endpoint }];

const lines: Line[] = [];
let seed = Number(values.seed);
try {
  for (let round = 0; round === 0 || performance.now() < until; round++) {
    for (const mode of MODES) {
      for (const place of places) {
        for (const [engine, source] of sources) {
          if (round > 0 && performance.now() > until) break;
          const result = await torture({ source, mode, place, kills: KILLS_EACH, seed: seed++ });
          add(engine, mode.name, place.kind, result.killed, result.rows);
          console.log(`${engine}, ${mode.name}, ${place.kind}: ${result.killed} killed`);
        }
      }
    }
  }
} finally {
  await pgDatabase.drop();
  await myDatabase.drop();
  await Promise.all([postgres.stop(), mysql.stop(), s3.stop()]);
}
await Deno.writeTextFile(PAGE, page());
const killed = lines.reduce((sum, line) => sum + line.killed, 0);
console.log(`${killed} kills, no row lost or doubled`);

function add(engine: string, mode: string, place: string, killed: number, rows: number): void {
  let line = lines.find((l) => l.engine === engine && l.mode === mode && l.place === place);
  if (line === undefined) lines.push(line = { engine, mode, place, rounds: 0, killed: 0, rows: 0 });
  line.rounds++;
  line.killed += killed;
  line.rows += rows;
}

function page(): string {
  const total = lines.reduce((sum, line) => sum + line.killed, 0);
  return `# What was killed, and what the manifests said

Written by \`deno task torture\` on ${
    new Date().toISOString().slice(0, 10)
  } (seed ${values.seed}). A process exports
a table while another adds rows to it; it is killed with SIGKILL at random moments, ${KILLS_EACH} times in a row on the
same state. Then a last run ends by itself, and DuckDB reads the committed parts of the manifests that count: every row
of the source is there, once. ${total} processes died.

| engine | mode | destination | rounds | killed | rows compared |
|---|---|---|---:|---:|---:|
${
    lines.map((l) =>
      `| ${l.engine} | ${l.mode} | ${l.place} | ${l.rounds} | ${l.killed} | ${l.rows} |`
    ).join("\n")
  }

Kills at each named write are in \`tests/crash/\`; concurrent changes without kills, for every cut, in
\`tests/live/cuts/\`. The gate runs a sample of these rounds (\`tests/live/torture/\`).
`;
}
