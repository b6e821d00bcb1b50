/**
 * Processes killed with SIGKILL around the objects of a table's commit: the next run leaves every row in the
 * table once, whether the one that died had committed or not.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { endOf } from "../support/pulse.ts";
import { deltaRows, type DeltaState, readDelta, readDeltaFolder } from "../support/read_delta.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../support/s3.ts";
import { startVictim } from "./crash_cases.ts";
import { type Mode, MODES, ROWS, VICTIMS_SQL } from "./points.ts";

interface Kill {
  readonly mode: Mode;
  /** `<port>.<method>`, and which of its calls. */
  readonly at: readonly [point: string, occurrence: number, moment: "before" | "after"];
  /** Versions of the table when all is done. */
  readonly versions: number;
}

/** The parts are put first, then the commit; `replace` writes the prepared manifest before it. */
const KILLS: readonly Kill[] = [
  // The next one completes it, then replaces what it left.
  { mode: "full", at: ["destination.put", 2, "after"], versions: 2 },
  // The next one completes it from its prepared manifest, and has nothing to add.
  { mode: "incremental", at: ["destination.put", 2, "before"], versions: 1 },
  // Resumed: five chunks, then the commit.
  { mode: "checkpoint", at: ["destination.put", 6, "after"], versions: 1 },
];

const config = (url: string, mode: Mode, destination: string) =>
  `source:
  type: postgres
  url: "${url}"
exports:
  - name: victims
    table: victims
    ${MODES[mode]}
    table_format: {type: delta}
    destination: ${destination}
`;

async function dieAndGoOn(dir: string, { mode, at: [point, occurrence, moment] }: Kill) {
  const stage = { dir, stateUrl: null };
  const died = await endOf(startVictim(stage, point, String(occurrence), moment));
  assert.equal(died.signal, "SIGKILL", new TextDecoder().decode(died.stderr));
  const resume = mode === "checkpoint" ? "--resume" : "";
  const next = await endOf(startVictim(stage, "none", "0", "before", resume));
  assert.equal(next.code, 0, new TextDecoder().decode(next.stderr));
}

function assertOnce({ version, files }: DeltaState, versions: number): void {
  const counts = [...files.values()].map(({ stats }) => JSON.parse(String(stats)).numRecords);
  assert.equal(counts.reduce((sum, count) => sum + count, 0), ROWS);
  assert.equal(version + 1, versions);
}

async function inFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-delta-crash-" });
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a run that dies around its table's commit is in the table once", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await database.sql(VICTIMS_SQL.postgres);
    for (const kill of KILLS) {
      const name = `${kill.mode}: ${kill.at[2]} ${kill.at[0]} #${kill.at[1]}`;
      await t.step(name, () =>
        inFolder(async (dir) => {
          const text = config(database.url, kill.mode, "{type: local, path: ./out}");
          await Deno.writeTextFile(join(dir, "rivet.yaml"), text);
          await dieAndGoOn(dir, kill);
          const out = join(dir, "out");
          assertOnce(await readDeltaFolder(out), kill.versions);
          const ids = new Set((await deltaRows(out, "id")).map(({ id }) => Number(id)));
          assert.equal(ids.size, ROWS);
        }));
    }
    await t.step("on S3", () =>
      inFolder(async (dir) => {
        const server = await startS3();
        try {
          const place = `{type: s3, bucket: ${S3_BUCKET}, prefix: lake/, ` +
            `endpoint: "${server.endpoint}", access_key_env: S3_KEY_ID, secret_key_env: S3_SECRET}`;
          for (const [name, value] of Object.entries(S3_ENV)) Deno.env.set(name, value);
          const text = config(database.url, "incremental", place);
          await Deno.writeTextFile(join(dir, "rivet.yaml"), text);
          const at = ["destination.put", 2, "after"] as const;
          await dieAndGoOn(dir, { mode: "incremental", at, versions: 1 });
          const bucket = await server.open("lake/");
          const state = await readDelta(async (key) => {
            const bytes = await bucket.read(key);
            return bytes === null ? null : new TextDecoder().decode(bytes);
          });
          await bucket.close();
          assertOnce(state, 1);
        } finally {
          await server.stop();
        }
      }));
  } finally {
    await database.drop();
    await server.stop();
  }
});
