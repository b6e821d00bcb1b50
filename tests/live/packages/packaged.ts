/** What a package must be able to do that is started as its users start it, far from the sources. */
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { RIVET_VERSION } from "../../../core/base/version.ts";
import { partFiles } from "../../support/rivet.ts";
import { createDatabase, type TestDatabase } from "../../support/postgres.ts";
import { endOf } from "../../support/pulse.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../../support/s3.ts";
import { until } from "../../support/until.ts";

const ROWS = 2000;

/** A command in front of Rivet's arguments. */
export interface Program {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** Puts into the folder that it runs in what it needs there. */
  prepare?(folder: string): Promise<void>;
}

export interface Ended {
  readonly code: number;
  readonly stdout: Uint8Array;
  readonly out: string;
  readonly err: string;
}

export function spawn(
  { command: [program, ...first], env }: Program,
  args: readonly string[],
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...first, ...args],
    cwd,
    env: { NO_COLOR: "1", RIVET_LOG: "", RUST_LOG: "", ...env, ...more },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

export async function ended(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await endOf(child);
  const text = new TextDecoder();
  return { code, stdout, out: text.decode(stdout), err: text.decode(stderr) };
}

/** The process that another one started. */
export async function onlyChild(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "pid=", "--ppid", String(pid)] })
    .output();
  return Number(new TextDecoder().decode(stdout));
}

/** A folder far from the repository, and a database with a table `t`. */
export async function withShop(
  body: (shop: { folder: string; db: TestDatabase; env: Record<string, string> }) => Promise<void>,
): Promise<void> {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (!url) throw new Error("RIVET_TEST_POSTGRES_URL is not set; run `deno task test`");
  const folder = await Deno.makeTempDir({ prefix: "rivet-packaged-" });
  const db = await createDatabase({ url });
  try {
    await db.sql(
      `CREATE TABLE t (id int PRIMARY KEY, price numeric(10,2));
       INSERT INTO t SELECT n, n / 4.0 FROM generate_series(1, ${ROWS}) n`,
    );
    await body({ folder, db, env: { SHOP_URL: db.url } });
  } finally {
    await db.drop();
    await Deno.remove(folder, { recursive: true });
  }
}

export const SOURCE = "source: {type: postgres, url_env: SHOP_URL, tls: {mode: disable}}\n";

/** A signal to the process that `first` names ends a run between two of its chunks. */
export async function stopsAtSafePoint(
  program: Program,
  first: (child: Deno.ChildProcess) => Promise<number>,
): Promise<void> {
  await withShop(async ({ folder, env }) => {
    await program.prepare?.(folder);
    await Deno.writeTextFile(
      join(folder, "rivet.yaml"),
      `${SOURCE}exports: [{name: slow, table: t, mode: chunked, chunk_size: 10, format: csv, ` +
        `tuning: {throttle_ms: 500}, destination: {type: local, path: ./slow}}]\n`,
    );
    const child = spawn(program, ["run", "-c", "rivet.yaml"], folder, env);
    const end = ended(child);
    const parts = () => partFiles(join(folder, "slow"), "csv").catch((): string[] => []);
    await until("a part", async () => (await parts()).length > 0);
    process.kill(await first(child), "SIGTERM");
    const { code, err } = await end;
    equal(code, 130, err);
    match(err, /Stopping at a safe point/);
  });
}

/** Parquet from two Workers' readers, CSV, and S3, whose library is loaded when it is used. */
const config = (s3: string) =>
  `${SOURCE}exports:
  - {name: parquet, table: t, mode: chunked, chunk_count: 4, parallel: 2, destination: {type: local, path: ./parquet}}
  - {name: csv, table: t, format: csv, destination: {type: local, path: ./csv}}
  - name: s3
    table: t
    destination: {type: s3, bucket: ${S3_BUCKET}, prefix: s3, endpoint: "${s3}", access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET}
`;

export async function saysItsVersion(program: Program, folder: string): Promise<void> {
  const { code, out, err } = await ended(spawn(program, ["--version"], folder));
  equal(code, 0, err);
  equal(out.trim(), `rivet ${RIVET_VERSION}`);
}

/** @returns the commit that it says it is made of. */
export async function saysItsBuild(program: Program, folder: string): Promise<string | null> {
  const { code, out, err } = await ended(spawn(program, ["--version", "--json"], folder));
  equal(code, 0, err);
  const { version, commit, target } = JSON.parse(out);
  deepEqual([version, target], [RIVET_VERSION, Deno.build.target]);
  return commit;
}

/** Of the one CSV file in a folder. */
async function rowsIn(folder: string): Promise<number> {
  const files = await partFiles(folder, "csv");
  equal(files.length, 1);
  return (await Deno.readTextFile(files[0])).trimEnd().split(/\r?\n/).length - 1;
}

/** Exports everywhere and counts what came. */
export async function exportsEverywhere(program: Program): Promise<void> {
  await withShop(async ({ folder, env }) => {
    await program.prepare?.(folder);
    const s3 = await startS3();
    try {
      await saysItsVersion(program, folder);
      await Deno.writeTextFile(join(folder, "rivet.yaml"), config(s3.endpoint));
      const args = ["run", "-c", "rivet.yaml", "--validate"];
      const run = await ended(spawn(program, args, folder, { ...env, ...S3_ENV }));
      equal(run.code, 0, run.out + run.err);

      const parquet = await partFiles(join(folder, "parquet"), "parquet");
      equal(parquet.length, 4, run.err);
      const files = parquet.map((file) => `'${file}'`).join(", ");
      const [row] = await queryDuckdb(
        `SELECT count(DISTINCT id)::VARCHAR AS ids, sum(price)::VARCHAR AS price FROM read_parquet([${files}])`,
      );
      deepEqual(row, { ids: String(ROWS), price: (ROWS * (ROWS + 1) / 8).toFixed(2) });
      equal(await rowsIn(join(folder, "csv")), ROWS);
      const store = await s3.open("s3");
      const listed = store.list("", new AbortController().signal);
      const names = (await Array.fromAsync(listed)).map(({ key }) => key);
      match(names.join(" "), /s3_\d+_\d+\.parquet/);
    } finally {
      await s3.stop();
    }
  });
}

/** Exports from processes of their own, which are the program again. */
export async function exportsInProcesses(program: Program): Promise<void> {
  await withShop(async ({ folder, env }) => {
    await program.prepare?.(folder);
    await saysItsVersion(program, folder);
    const entry = (name: string) =>
      `  - {name: ${name}, table: t, format: csv, destination: {type: local, path: ./${name}}}\n`;
    await Deno.writeTextFile(
      join(folder, "rivet.yaml"),
      `${SOURCE}exports:\n${entry("a")}${entry("b")}`,
    );
    const args = ["run", "-c", "rivet.yaml", "--parallel-export-processes"];
    const { code, out, err } = await ended(spawn(program, args, folder, env));
    equal(code, 0, out + err);
    for (const name of ["a", "b"]) equal(await rowsIn(join(folder, name)), ROWS);
  });
}
