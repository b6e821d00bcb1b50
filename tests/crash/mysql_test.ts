import { createMysqlDatabase, mysqlTest, testMysql } from "../support/mariadb.ts";
import { checkCrashes, ROWS } from "./crash_cases.ts";

mysqlTest("mysql crash: SIGKILL while reading and committing loses no row", async (t) => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      const rows = Array.from(
        { length: ROWS },
        (_, i) => `(${i + 1}, REPEAT(MD5(${i + 1}), 4), NOW() - INTERVAL ${i} HOUR)`,
      );
      await database.sql(
        "CREATE TABLE victims (id int PRIMARY KEY, payload varchar(200) NOT NULL, at datetime NOT NULL);" +
          `INSERT INTO victims VALUES ${rows.join(", ")}`,
      );
      await checkCrashes(t, { type: "mysql", url: database.url }, "source");
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
