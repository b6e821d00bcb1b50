/** Runs of MariaDB over a wire that goes wrong. */
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { overFaults } from "./cases.ts";

mysqlTest("faults: a bad wire to MariaDB ends a run in time, and loses nothing", async (t) => {
  const server = await testMysql();
  const db = await createMysqlDatabase(server);
  try {
    await overFaults(t, { type: "mysql", ...db });
  } finally {
    await db.drop();
    await server.stop();
  }
});
