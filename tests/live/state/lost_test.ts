/** A state that is lost, emptied or taken away while a run goes on: how the run ends. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { configureLogging } from "../../../core/base/log.ts";
import type { Destination } from "../../../core/ports/destination.ts";
import type { RunDeps } from "../../../core/run/context.ts";
import { STATE_FILE } from "../../../state/open.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { partFiles, withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";
import { onSessions, serverHasSessions, stateDatabase } from "./state_database.ts";

const MODES = {
  checkpoint: "mode: chunked\n    chunk_column: id\n    chunk_size: 50\n    chunk_checkpoint: true",
  incremental: "mode: incremental\n    cursor_column: id",
};

const config = (url: string, mode: keyof typeof MODES) =>
  `source: { type: postgres, url: "${url}", tls: { mode: disable } }
exports:
  - name: events
    table: events
    ${MODES[mode]}
    format: csv
    tuning: { profile: fast, max_retries: 0 }
    destination: { type: local, path: ./out }
`;

async function onEvents(body: (db: TestDatabase) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql("CREATE TABLE events (id int PRIMARY KEY)");
    await db.sql("INSERT INTO events SELECT generate_series(1, 300)");
    await body(db);
  } finally {
    await db.drop();
    await server.stop();
  }
}

interface Watched {
  closed: number;
  puts: number;
}

/** Does `harm` once, after the destination accepted part number `at`, and counts what is closed. */
function harming(watched: Watched, at: number, harm: () => Promise<void>) {
  return (deps: RunDeps): RunDeps => ({
    ...deps,
    destination: async (own) => {
      const opened = await deps.destination(own) as Destination;
      return new Proxy(opened, {
        get(target, key) {
          const value = Reflect.get(target, key, target);
          if (key !== "put" && key !== "close") {
            return typeof value === "function" ? value.bind(target) : value;
          }
          return async (...args: unknown[]) => {
            const result = await value.apply(target, args);
            if (key === "close") watched.closed++;
            if (key === "put" && ++watched.puts === at) await harm();
            return result;
          };
        },
      });
    },
  });
}

async function harmed(
  dir: string,
  at: number,
  harm: () => Promise<void>,
) {
  const watched = { closed: 0, puts: 0 };
  const opened = { count: 0 };
  const counting = (deps: RunDeps): RunDeps => ({
    ...deps,
    destination: (own) => {
      opened.count++;
      return deps.destination(own);
    },
  });
  const run = await runConfig(dir, {}, (deps) => harming(watched, at, harm)(counting(deps)));
  equal(watched.closed, opened.count, "every destination that was opened is closed");
  return run.exports[0];
}

async function removeState(dir: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) {
    await Deno.remove(join(dir, `${STATE_FILE}${suffix}`)).catch(() => {});
  }
}

/** The run's own words about a state that is gone: its id, its rows, and a manifest of what is there. */
async function assertHonest(dir: string, run: Awaited<ReturnType<typeof harmed>>): Promise<void> {
  equal(run.status, "failed");
  const parts = await partFiles(join(dir, "out"), "csv");
  const copy = join(dir, "out", `manifest-${run.runId}.json`);
  const manifest = JSON.parse(await Deno.readTextFile(copy));
  deepEqual([manifest.status, manifest.row_count], ["failed", run.rows]);
  ok(run.rows > 0 && parts.length >= run.files && run.files > 0);
  const report = join(dir, ".rivet", "runs", run.runId, "summary.json");
  equal(JSON.parse(await Deno.readTextFile(report)).rows, run.rows);
}

configureLogging({ level: "error", sink: () => {} });

Deno.test("a state file that is removed while a run goes on ends it, with what it wrote", () =>
  onEvents((db) =>
    withConfig(config(db.url, "checkpoint"), async (dir) => {
      const run = await harmed(dir, 3, () => removeState(dir));
      equal(run.error?.code, "STATE_UNAVAILABLE");
      match(run.error?.message ?? "", /was removed or replaced/);
      await assertHonest(dir, run);
      // Nothing of it is remembered, and everything is exported.
      const next = await runConfig(dir);
      deepEqual([next.exports[0].status, next.rows], ["success", 300]);
      notEqual(next.exports[0].runId, run.runId);
    })
  ));

Deno.test("a state file that is overwritten while a run goes on ends it, with what it wrote", () =>
  onEvents((db) =>
    withConfig(config(db.url, "checkpoint"), async (dir) => {
      const path = join(dir, STATE_FILE);
      const run = await harmed(dir, 3, async () => {
        for (const suffix of ["-wal", "-shm", ""]) {
          await Deno.writeFile(path + suffix, new Uint8Array(65_536).fill(0xaa));
        }
      });
      equal(run.error?.code, "STATE_CORRUPT");
      await assertHonest(dir, run);
    })
  ));

Deno.test("a cursor that cannot be saved leaves its run to the next start", () =>
  onEvents((db) =>
    withConfig(config(db.url, "incremental"), async (dir) => {
      const run = await harmed(dir, 1, () => removeState(dir));
      deepEqual([run.status, run.rows, run.error?.code], ["failed", 300, "STATE_UNAVAILABLE"]);
      const next = await runConfig(dir);
      deepEqual([next.exports[0].status, next.rows], ["success", 0]);
      equal((await partFiles(join(dir, "out"), "csv")).length, 1);
    })
  ));

onSessions(
  await serverHasSessions(),
  "a state server that goes away",
  () =>
    Deno.test("a state server that goes away while a run goes on ends it, with what it wrote", () =>
      onEvents((db) =>
        withConfig(config(db.url, "checkpoint"), async (dir) => {
          const state = await stateDatabase();
          Deno.env.set("RIVET_STATE_URL", state.url);
          try {
            const run = await harmed(dir, 3, () => state.drop());
            equal(run.error?.code, "STATE_UNAVAILABLE");
            await assertHonest(dir, run);
          } finally {
            Deno.env.delete("RIVET_STATE_URL");
          }
        })
      )),
);
