/** SIGTERM and SIGINT while MariaDB is read. */
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { stopsAnywhere, type StopServer } from "./cases.ts";

mysqlTest(
  "stops: a run of MariaDB ends within seconds of a signal, wherever it waits",
  async (t) => {
    const server = await testMysql();
    const db = await createMysqlDatabase(server);
    const stop: StopServer = {
      type: "mysql",
      url: db.url,
      sql: (text) => db.sql(text),
      async lock() {
        await db.sql("LOCK TABLES stopped WRITE");
        return async () => void await db.sql("UNLOCK TABLES");
      },
      async waits() {
        const rows = await db.sql(
          "SELECT COUNT(*) FROM information_schema.processlist " +
            "WHERE state LIKE 'Waiting for table%' AND db = database()",
        ) as unknown[][];
        return Number(rows[0][0]) > 0;
      },
    };
    try {
      await stopsAnywhere(t, stop);
    } finally {
      await db.drop();
      await server.stop();
    }
  },
);
