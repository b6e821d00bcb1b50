/**
 * The crash table (contracts section 1) on S3: processes killed with SIGKILL around every write and in
 * the middle of an upload leave no partial object, and the next run loses no row.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqlite, STATE_FILE } from "../../state/open.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault_proxy.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { endOf } from "../support/pulse.ts";
import { queryDuckdb } from "../support/readers.ts";
import { S3_BUCKET, S3_ENV, type S3Server, startS3 } from "../support/s3.ts";

const VICTIM = fileURLToPath(new URL("victim.ts", import.meta.url));
const ROWS = 900;

/** A call, its occurrence, and on which side of it to die. */
const POINTS: readonly (readonly [string, number, "before" | "after"])[] = [
  ["source.batch", 2, "before"],
  ["destination.put", 1, "before"],
  ["destination.put", 1, "after"],
  ["destination.put", 3, "after"],
  ["state.logFile", 2, "after"],
  ["state.completeChunkTask", 2, "after"],
  ["state.completeChunkRun", 1, "after"],
  ["destination.replace", 1, "after"],
  ["destination.replace", 2, "after"],
  ["destination.replace", 3, "before"],
];

const config = (url: string, endpoint: string, prefix: string) =>
  `source:
  type: postgres
  url: "${url}"
exports:
  - name: victims
    table: victims
    mode: chunked
    chunk_size: 200
    chunk_checkpoint: true
    destination:
      type: s3
      bucket: ${S3_BUCKET}
      prefix: ${prefix}
      endpoint: "${endpoint}"
      access_key_env: S3_KEY_ID
      secret_key_env: S3_SECRET
`;

function victim(dir: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", VICTIM, join(dir, "rivet.yaml"), ...args],
    env: S3_ENV,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Every row of every part that a reader of the prefix would pick up. */
async function visibleIds(server: S3Server, prefix: string, dir: string): Promise<Set<number>> {
  const destination = await server.open(prefix);
  const ids = new Set<number>();
  try {
    for await (const { key } of destination.list("victims_")) {
      const file = join(dir, "downloaded.parquet");
      await Deno.writeFile(file, await destination.read(key) ?? new Uint8Array());
      // A partial object would not be readable.
      const rows = await queryDuckdb(`SELECT id FROM read_parquet('${file}')`);
      for (const row of rows) ids.add(Number(row.id));
    }
  } finally {
    await destination.close();
  }
  return ids;
}

async function hasOpenCheckpoint(dir: string): Promise<boolean> {
  const state = await openSqlite(join(dir, STATE_FILE));
  try {
    return await state.chunkRunInProgress("victims") !== null;
  } finally {
    await state.close();
  }
}

interface Scene {
  readonly server: S3Server;
  readonly proxy: FaultProxy;
  readonly url: string;
}

/** Lets one run die, then the next one finish. */
async function dieAndRecover(
  { server, proxy, url }: Scene,
  prefix: string,
  die: (dir: string) => Promise<Deno.CommandOutput>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-crash-" });
  try {
    await Deno.writeTextFile(join(dir, "rivet.yaml"), config(url, proxy.endpoint, prefix));
    const killed = await die(dir);
    assert.equal(killed.signal, "SIGKILL", new TextDecoder().decode(killed.stderr));
    await visibleIds(server, prefix, dir);
    proxy.heal();
    const resume = await hasOpenCheckpoint(dir) ? "--resume" : "";
    const next = await endOf(victim(dir, "none", "0", "before", resume));
    assert.equal(next.code, 0, new TextDecoder().decode(next.stderr));
    assert.equal((await visibleIds(server, prefix, dir)).size, ROWS);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Kills the process while a part's body is on its way. */
async function killDuringUpload(proxy: FaultProxy, dir: string): Promise<Deno.CommandOutput> {
  proxy.break(/^PUT .*victims_.*\.parquet/, { kind: "stall", afterBytes: 1000 });
  const running = victim(dir, "none", "0", "before");
  const ended = endOf(running);
  const isPut = (line: string) => /^PUT .*victims_.*\.parquet/.test(line);
  const before = proxy.requests.filter(isPut).length;
  const deadline = Date.now() + 30_000;
  while (proxy.requests.filter(isPut).length === before && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  running.kill("SIGKILL");
  return await ended;
}

Deno.test("crash on s3: SIGKILL loses no row and leaves no partial object", async (t) => {
  const postgres = await testPostgres();
  const database = await createDatabase(postgres);
  const server = await startS3();
  const proxy = startFaultProxy(server.port);
  const scene: Scene = { server, proxy, url: database.url };
  try {
    await database.sql(
      "CREATE TABLE victims (id int PRIMARY KEY, payload text NOT NULL);" +
        `INSERT INTO victims SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, ${ROWS}) i`,
    );
    for (const [i, [name, occurrence, moment]] of POINTS.entries()) {
      await t.step(`${moment} ${name} #${occurrence}`, () =>
        dieAndRecover(
          scene,
          `case-${i}`,
          (dir) => endOf(victim(dir, name, String(occurrence), moment)),
        ));
    }
    await t.step("in the middle of an upload", () =>
      dieAndRecover(scene, "upload", async (dir) => {
        const killed = await killDuringUpload(proxy, dir);
        assert.equal((await visibleIds(server, "upload", dir)).size < ROWS, true);
        return killed;
      }));
  } finally {
    await proxy.stop();
    await server.stop();
    await database.drop();
    await postgres.stop();
  }
});
