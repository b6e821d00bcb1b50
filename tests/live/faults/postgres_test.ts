/** Runs of PostgreSQL over a wire that goes wrong. */
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { overFaults } from "./cases.ts";

Deno.test("faults: a bad wire to PostgreSQL ends a run in time, and loses nothing", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  try {
    await overFaults(t, { type: "postgres", ...db });
  } finally {
    await db.drop();
    await server.stop();
  }
});
