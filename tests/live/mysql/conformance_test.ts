import { sourceCases } from "../../conformance/source.ts";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { mysqlHarness } from "./harness.ts";

mysqlTest("mysql: conformance", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const harness = await mysqlHarness(database);
      for (const { name, run } of sourceCases) await t.step(name, () => run(harness));
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
