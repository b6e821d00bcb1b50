/**
 * The crash table (contracts section 1) on S3: processes killed with SIGKILL around every write and in
 * the middle of an upload leave no partial object, and the next run loses no row.
 */
import assert from "node:assert/strict";
import { type FaultProxy, startFaultProxy } from "../support/fault_proxy.ts";
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { endOf } from "../support/pulse.ts";
import { startS3 } from "../support/s3.ts";
import { crash, type CrashScene, dieAndRecover, startVictim, visibleRows } from "./crash_cases.ts";
import { caseName, type CrashCase, ROWS, VICTIMS_SQL } from "./points.ts";
import { until } from "../support/until.ts";

/** A call, its occurrence, and on which side of it to die. */
const POINTS: readonly (readonly [string, number, "before" | "after"])[] = [
  ["source.batch", 2, "before"],
  ["destination.put", 1, "before"],
  ["destination.put", 1, "after"],
  ["destination.put", 3, "after"],
  ["state.completeChunkTask", 2, "before"],
  ["state.completeChunkTask", 2, "after"],
  ["state.completeChunkRun", 1, "after"],
  ["destination.replace", 1, "after"],
  ["destination.replace", 2, "after"],
  ["destination.replace", 3, "before"],
];

/** Kills the process while a part's body is on its way. */
async function killDuringUpload(
  proxy: FaultProxy,
  stage: Parameters<typeof startVictim>[0],
): Promise<Deno.CommandOutput> {
  proxy.break(/^PUT .*victims_.*\.parquet/, { kind: "stall", afterBytes: 1000 });
  const running = startVictim(stage, "none", "0", "before");
  const ended = endOf(running);
  const isPut = (line: string) => /^PUT .*victims_.*\.parquet/.test(line);
  const before = proxy.requests.filter(isPut).length;
  await until("the upload", () => proxy.requests.filter(isPut).length > before);
  running.kill("SIGKILL");
  return await ended;
}

Deno.test("crash on s3: SIGKILL loses no row and leaves no partial object", async (t) => {
  const postgres = await testPostgres();
  const database = await createDatabase(postgres);
  const server = await startS3();
  const proxy = startFaultProxy(server.port);
  const scene = (prefix: string): CrashScene => ({
    source: { type: "postgres", url: database.url },
    place: { kind: "s3", endpoint: proxy.endpoint, prefix: `${prefix}/` },
    stateUrl: null,
  });
  try {
    await database.sql(VICTIMS_SQL.postgres);
    for (const [i, [point, occurrence, moment]] of POINTS.entries()) {
      const one: CrashCase = { mode: "checkpoint", point, occurrence, moment };
      await t.step(caseName(one), () => crash(scene(`case-${i}`), one));
    }
    await t.step(
      "in the middle of an upload",
      () =>
        dieAndRecover(scene("upload"), "checkpoint", async (stage) => {
          const killed = await killDuringUpload(proxy, stage);
          proxy.heal();
          assert.ok(await visibleRows(stage) < ROWS);
          return killed;
        }),
    );
  } finally {
    await proxy.stop();
    await server.stop();
    await database.drop();
    await postgres.stop();
  }
});
