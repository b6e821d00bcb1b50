/**
 * An incremental run that cannot write one of its last objects: whatever fails, the manifests with
 * `status: success` together hold every row once after the next run.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DestinationError, RivetError } from "../../../core/base/errors.ts";
import type { Destination } from "../../../core/ports/destination.ts";
import type { RunDeps } from "../../../core/run/context.ts";
import { openSqlite, STATE_FILE } from "../../../state/open.ts";
import { leased, withLeases } from "../../support/lease.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { queryDuckdb } from "../../support/readers.ts";
import { withConfig } from "../../support/rivet.ts";
import { runConfig } from "../../support/run.ts";

const ROWS = 300;

const yaml = (url: string, path = "./out") =>
  `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - name: events
    table: events
    mode: incremental
    cursor_column: id
    tuning: {max_retries: 0}
    destination: {type: local, path: "${path}"}
`;

/** The destination, whose write of a key that matches fails. */
function failingOn(key: RegExp): (deps: RunDeps) => RunDeps {
  return (deps) => ({
    ...deps,
    destination: async (config) => {
      const inner = await deps.destination(config) as Destination;
      return new Proxy(inner, {
        get(object, name) {
          const value = Reflect.get(object, name, object);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            if (name === "replace" && key.test(String(args[1]))) {
              return Promise.reject(
                new DestinationError("DESTINATION_FULL", "no space left"),
              );
            }
            return value.apply(object, args);
          };
        },
      });
    },
  });
}

/** The state, which is gone when the cursor is to move. */
function withoutCursor(deps: RunDeps): RunDeps {
  const gone = () => Promise.reject(new RivetError("STATE_UNAVAILABLE", "the state is gone"));
  return { ...deps, state: withLeases(deps.state, (own) => ({ ...own, saveCursor: gone })) };
}

async function cursorOf(dir: string): Promise<string | undefined> {
  const state = await openSqlite(join(dir, STATE_FILE));
  try {
    return (await state.cursor("events"))?.cursor;
  } finally {
    await state.close();
  }
}

interface SeenManifest {
  readonly status: string;
  readonly parts: readonly { readonly path: string; readonly status: string }[];
}

async function manifestsOf(out: string): Promise<SeenManifest[]> {
  const names = (await Array.fromAsync(Deno.readDir(out))).map((entry) => entry.name).sort();
  const copies = names.filter((name) => /^manifest-/.test(name));
  return await Promise.all(
    copies.map(async (name) => JSON.parse(await Deno.readTextFile(join(out, name)))),
  );
}

async function rowsThroughManifests(out: string): Promise<string[]> {
  const ids: string[] = [];
  for (const { status, parts } of await manifestsOf(out)) {
    for (const part of parts) {
      if (status !== "success" || part.status !== "committed") continue;
      const file = join(out, part.path);
      const rows = await queryDuckdb(`SELECT id::text AS id FROM read_parquet('${file}')`);
      ids.push(...rows.map((row) => String(row.id)));
    }
  }
  return ids.sort((a, b) => Number(a) - Number(b));
}

const ALL = Array.from({ length: ROWS }, (_, i) => String(i + 1));

async function onEvents(body: (db: TestDatabase) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await db.sql(
      `CREATE TABLE events (id int PRIMARY KEY); INSERT INTO events SELECT generate_series(1, ${ROWS})`,
    );
    await body(db);
  } finally {
    await db.drop();
    await server.stop();
  }
}

Deno.test("I3: no cursor moves before the run's own manifest is there", () =>
  onEvents((db) =>
    withConfig(yaml(db.url), async (dir) => {
      const failed = await runConfig(dir, {}, failingOn(/^manifest-/));
      assert.equal(failed.exports[0].error?.code, "DESTINATION_FULL");
      assert.equal(await cursorOf(dir), undefined);
      assert.equal((await runConfig(dir)).exports[0].status, "success");
      assert.deepEqual(await rowsThroughManifests(join(dir, "out")), ALL);
    })
  ));

for (const key of [/^manifest\.json$/, /^_SUCCESS$/]) {
  Deno.test(`I3: ${key.source} that cannot be written fails the run, and no row is hidden`, () =>
    onEvents((db) =>
      withConfig(yaml(db.url), async (dir) => {
        const failed = await runConfig(dir, {}, failingOn(key));
        assert.equal(failed.exports[0].status, "failed");
        for (const { status } of await manifestsOf(join(dir, "out"))) {
          assert.notEqual(status, "success", "a run that failed says so in its manifest");
        }
        assert.equal((await runConfig(dir)).exports[0].status, "success");
        assert.deepEqual(await rowsThroughManifests(join(dir, "out")), ALL);
      })
    ));
}

Deno.test("a run whose cursor did not move is completed by the next, also with a new state", () =>
  onEvents((db) =>
    withConfig(yaml(db.url, "./out/{date}"), async (dir) => {
      const failed = await runConfig(dir, {}, withoutCursor);
      assert.equal(failed.exports[0].error?.code, "STATE_UNAVAILABLE");
      const out = join(dir, "out", new Date().toISOString().slice(0, 10));
      assert.deepEqual((await manifestsOf(out)).map(({ status }) => status), ["prepared"]);
      await Deno.remove(join(dir, STATE_FILE));
      const next = await runConfig(dir);
      assert.equal(next.rows, 0, "the rows of the run that was cut short are not read again");
      assert.equal(await cursorOf(dir), String(ROWS));
      assert.deepEqual(await rowsThroughManifests(out), ALL);
      assert.ok((await Array.fromAsync(Deno.readDir(out))).some(({ name }) => name === "_SUCCESS"));
    })
  ));

Deno.test("a run that lost a part, or whose cursor was reset since, is taken back", () =>
  onEvents(async (db) => {
    for (const harm of ["part", "cursor"]) {
      await withConfig(yaml(db.url), async (dir) => {
        await runConfig(dir, {}, withoutCursor);
        const out = join(dir, "out");
        const [{ parts: [part] }] = await manifestsOf(out);
        if (harm === "part") await Deno.remove(join(out, part.path));
        else await moveCursor(dir, "100");
        const next = await runConfig(dir);
        assert.equal(next.rows, harm === "part" ? ROWS : ROWS - 100);
        assert.deepEqual((await manifestsOf(out)).map(({ status }) => status), [
          "failed",
          "success",
        ]);
      });
    }
  }));

async function moveCursor(dir: string, cursor: string): Promise<void> {
  const state = await openSqlite(join(dir, STATE_FILE));
  const updatedAt = new Date().toISOString();
  const own = await leased(state, "events");
  await own.saveCursor({ exportName: "events", cursor, updatedAt, runId: "events_by_hand" });
  await own.release();
  await state.close();
}
