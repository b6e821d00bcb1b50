/** The crash table with its state in PostgreSQL: the same promises, and nobody waits for a dead one's locks. */
import { createDatabase, testPostgres } from "../support/postgres.ts";
import { onSessions, serverHasSessions } from "../live/state/state_database.ts";
import { crash } from "./crash_cases.ts";
import { caseName, type CrashCase, VICTIMS_SQL } from "./points.ts";

const CASES: readonly CrashCase[] = [
  { mode: "full", point: "state.logFile", occurrence: 1, moment: "before" },
  { mode: "incremental", point: "state.saveCursor", occurrence: 1, moment: "before" },
  { mode: "incremental", point: "state.saveCursor", occurrence: 1, moment: "after" },
  { mode: "checkpoint", point: "state.createChunkRun", occurrence: 1, moment: "after" },
  { mode: "checkpoint", point: "destination.put", occurrence: 3, moment: "after" },
  { mode: "parallel", point: "state.claimChunkTask", occurrence: 2, moment: "after" },
  { mode: "parallel", point: "state.completeChunkTask", occurrence: 4, moment: "before" },
  { mode: "parallel", point: "state.completeChunkRun", occurrence: 1, moment: "after" },
  { mode: "keys", point: "state.completeChunkTask", occurrence: 2, moment: "after" },
  { mode: "incremental", point: "destination.replace", occurrence: 3, moment: "before" },
];

onSessions(
  await serverHasSessions(),
  "crash with state in PostgreSQL",
  () =>
    Deno.test("crash with state in PostgreSQL: SIGKILL loses no row", async (t) => {
      const server = await testPostgres();
      const database = await createDatabase(server);
      try {
        await database.sql(VICTIMS_SQL.postgres);
        const source = { type: "postgres" as const, url: database.url };
        for (const one of CASES) {
          await t.step(caseName(one), async () => {
            const state = await createDatabase(server);
            try {
              await crash({ source, place: { kind: "local" }, stateUrl: state.url }, one);
            } finally {
              await state.drop();
            }
          });
        }
      } finally {
        await database.drop();
        await server.stop();
      }
    }),
);
