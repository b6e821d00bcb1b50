/** SIGTERM and SIGINT while PostgreSQL is read. */
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { stopsAnywhere, type StopServer } from "./cases.ts";

Deno.test("stops: a run of PostgreSQL ends within seconds of a signal, wherever it waits", async (t) => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  const state = await createDatabase(server);
  const stop: StopServer = {
    type: "postgres",
    url: db.url,
    sql: (text) => db.sql(text),
    async lock() {
      await db.sql("BEGIN");
      await db.sql("LOCK TABLE stopped IN ACCESS EXCLUSIVE MODE");
      return async () => void await db.sql("COMMIT");
    },
    async waits() {
      // Of this database: other tests of the same server wait for locks too.
      const [[count]] = await db.sql(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) " +
          "WHERE NOT granted AND datname = current_database()",
      );
      return Number(count) > 0;
    },
  };
  try {
    await stopsAnywhere(t, stop, state.url);
  } finally {
    await db.drop();
    await state.drop();
    await server.stop();
  }
});
