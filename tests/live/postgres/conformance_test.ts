import { sourceCases } from "../../conformance/source.ts";
import {
  createDatabase,
  embeddedDatabase,
  embeddedTest,
  testPostgres,
} from "../../support/postgres.ts";
import { postgresHarness } from "./harness.ts";

Deno.test("postgres: conformance", async (t) => {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    const harness = await postgresHarness(database);
    const [[version]] = await database.sql("SELECT version()");
    const embedded = version?.includes("PGlite") === true;
    for (const { name, sessions, run } of sourceCases) {
      // The embedded server has one session: no locks, no cancellation. Its cases run below.
      if (embedded && sessions) continue;
      await t.step(name, () => run(harness));
    }
  } finally {
    await database.drop();
    await server.stop();
  }
});

embeddedTest("postgres: conformance on the embedded server", async (t) => {
  const database = await embeddedDatabase();
  try {
    const harness = await postgresHarness(database);
    for (const { name, sessions, run } of sourceCases) {
      if (sessions) continue;
      await t.step(name, () => run(harness));
    }
  } finally {
    await database.drop();
  }
});
