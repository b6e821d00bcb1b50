import { createMysqlDatabase, mysqlTest, testMysql } from "../support/mariadb.ts";
import { checkCrashes } from "./crash_cases.ts";
import { VICTIMS_SQL } from "./points.ts";

mysqlTest("mysql crash: SIGKILL while reading and committing loses no row", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await database.sql(VICTIMS_SQL.mysql);
      await checkCrashes(t, { type: "mysql", url: database.url }, "source");
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
