import { createDatabase, testPostgres } from "../support/postgres.ts";
import { checkCrashes, ROWS } from "./crash_cases.ts";

Deno.test("crash: SIGKILL around every write loses no row and leaves nothing partial", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await database.sql(
      "CREATE TABLE victims (id int PRIMARY KEY, payload text NOT NULL, at timestamptz NOT NULL);" +
        `INSERT INTO victims SELECT i, repeat(md5(i::text), 4), now() - i * interval '1 hour'
         FROM generate_series(1, ${ROWS}) i; ANALYZE victims`,
    );
    await checkCrashes(t, { type: "postgres", url: database.url }, "every write");
  } finally {
    await database.drop();
    await server.stop();
  }
});
