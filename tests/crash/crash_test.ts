import { createDatabase, testPostgres } from "../support/postgres.ts";
import { checkCrashes } from "./crash_cases.ts";
import { VICTIMS_SQL } from "./points.ts";

Deno.test("crash: SIGKILL around every write loses no row and leaves nothing partial", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await database.sql(VICTIMS_SQL.postgres);
    await checkCrashes(t, { type: "postgres", url: database.url }, "every write");
  } finally {
    await database.drop();
    await server.stop();
  }
});
