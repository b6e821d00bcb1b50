/** Clocks that are set forward and back: within a run, between two, and between a death and what follows. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import type { Destination } from "../../core/ports/destination.ts";
import type { RunDeps } from "../../core/run/context.ts";
import { crash } from "../crash/crash_cases.ts";
import { caseName, type CrashCase, VICTIMS_SQL } from "../crash/points.ts";
import { createDatabase, type TestDatabase, testPostgres } from "../support/postgres.ts";
import { withConfig } from "../support/rivet.ts";
import { runConfig } from "../support/run.ts";

const HOUR_MS = 3_600_000;
const MODES = {
  incremental: "mode: incremental\n    cursor_column: id\n    max_file_size: 1KB",
  checkpoint: "mode: chunked\n    chunk_size: 50\n    chunk_checkpoint: true\n    parallel: 2",
};
type Mode = keyof typeof MODES;

const config = (url: string, mode: Mode) =>
  `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - name: timed
    table: timed
    ${MODES[mode]}
    format: csv
    tuning: {profile: fast}
    destination: {type: local, path: ./out}
`;

/** `Date` as a clock that can be set; the steady one goes on as it does in life. */
async function withClock<T>(body: (set: (offsetMs: number) => void) => Promise<T>): Promise<T> {
  const RealDate = Date;
  let offset = 0;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args) =>
      Reflect.construct(target, args.length === 0 ? [RealDate.now() + offset] : args),
    get: (target, key) => key === "now" ? () => RealDate.now() + offset : Reflect.get(target, key),
  });
  try {
    return await body((offsetMs) => offset = offsetMs);
  } finally {
    globalThis.Date = RealDate;
  }
}

/** Calls `jump` when the destination has accepted the first part. */
function atFirstPart(jump: () => void) {
  return (deps: RunDeps): RunDeps => ({
    ...deps,
    destination: async (own) => {
      const opened = await deps.destination(own) as Destination;
      return new Proxy(opened, {
        get(target, key) {
          const value = Reflect.get(target, key, target);
          if (typeof value !== "function") return value;
          if (key !== "put") return value.bind(target);
          return async (...args: unknown[]) => {
            const outcome = await value.apply(target, args);
            jump();
            return outcome;
          };
        },
      });
    },
  });
}

interface Seen {
  readonly ids: number[];
  readonly sequences: number[];
}

/** What the manifests that count say, in the order of their runs. */
async function seen(dir: string, mode: Mode): Promise<Seen> {
  const names = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name)
    .filter((name) => /^manifest-.*\.json$/.test(name));
  const all = [];
  for (const name of names) all.push(JSON.parse(await Deno.readTextFile(join(dir, name))));
  all.sort((a, b) => a.sequence - b.sequence);
  const last = JSON.parse(await Deno.readTextFile(join(dir, "manifest.json")));
  equal(last.run_id, all.at(-1)?.run_id, "the latest manifest is not that of the last run");
  const ids: number[] = [];
  for (const { parts } of mode === "incremental" ? all : [last]) {
    for (const { path } of parts) {
      const lines = (await Deno.readTextFile(join(dir, path))).trim().split(/\r?\n/).slice(1);
      ids.push(...lines.map(Number));
    }
  }
  return { ids: ids.sort((a, b) => a - b), sequences: all.map(({ sequence }) => sequence) };
}

async function threeRuns(db: TestDatabase, mode: Mode, jumpMs: number): Promise<void> {
  await db.sql("DROP TABLE IF EXISTS timed; CREATE TABLE timed (id int PRIMARY KEY)");
  await db.sql("INSERT INTO timed SELECT generate_series(1, 200); ANALYZE timed");
  await withConfig(config(db.url, mode), (dir) =>
    withClock(async (set) => {
      const run = async (wrap?: (deps: RunDeps) => RunDeps) => {
        const [summary] = (await runConfig(dir, { validate: true }, wrap)).exports;
        equal(summary.status, "success", summary.error?.message);
        ok(summary.durationMs >= 0);
        return summary;
      };
      await run(atFirstPart(() => set(jumpMs)));
      await db.sql("INSERT INTO timed SELECT generate_series(201, 260)");
      await run();
      await db.sql("INSERT INTO timed SELECT generate_series(261, 300)");
      await run(atFirstPart(() => set(0)));
      const { ids, sequences } = await seen(join(dir, "out"), mode);
      deepEqual(ids, Array.from({ length: 300 }, (_, i) => i + 1));
      deepEqual(sequences, [1, 2, 3]);
    }));
}

const KILLED: readonly CrashCase[] = [
  { mode: "incremental", point: "state.saveCursor", occurrence: 1, moment: "before" },
  { mode: "incremental", point: "destination.replace", occurrence: 2, moment: "after" },
  { mode: "parallel", point: "destination.put", occurrence: 3, moment: "after" },
];

Deno.test("a clock that jumps loses, repeats and reorders nothing", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    for (const [name, jumpMs] of [["back", -HOUR_MS], ["forward", 49 * HOUR_MS]] as const) {
      for (const mode of ["incremental", "checkpoint"] as const) {
        await t.step(
          `${mode}, set ${name} within a run and between runs`,
          () => threeRuns(db, mode, jumpMs),
        );
      }
    }
    await db.sql(VICTIMS_SQL.postgres);
    const source = { type: "postgres" as const, url: db.url };
    for (const clockMs of [{ dying: 49 * HOUR_MS, next: 0 }, { dying: 0, next: 49 * HOUR_MS }]) {
      const name = clockMs.next === 0 ? "back" : "forward";
      for (const one of KILLED) {
        await t.step(
          `${caseName(one)}, then set ${name}`,
          () => crash({ source, place: { kind: "local" }, stateUrl: null, clockMs }, one),
        );
      }
    }
  } finally {
    await db.drop();
    await server.stop();
  }
});
