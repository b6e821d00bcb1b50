/** `tuning.adaptive` on MariaDB and MySQL. */
import mysql from "mysql2/promise";
import { mysqlTest, onMysql, type TestMysqlDatabase } from "../../support/mariadb.ts";
import { slowsAndRecovers } from "./cases.ts";

const WAITING = 3;

/** One session holds a row, three wait for it. */
async function makeWait(db: TestMysqlDatabase): Promise<() => Promise<void>> {
  await db.sql("CREATE TABLE IF NOT EXISTS held (id int PRIMARY KEY) ENGINE=InnoDB");
  await db.sql("REPLACE INTO held VALUES (1)");
  const connect = () => mysql.createConnection({ uri: db.url });
  const holder = await connect();
  await holder.query("BEGIN");
  await holder.query("SELECT * FROM held FOR UPDATE");
  const sessions = await Promise.all(Array.from({ length: WAITING }, connect));
  const waiting = sessions.map((session) => session.query("SELECT * FROM held FOR UPDATE"));
  for (let found = 0; found < WAITING;) {
    const [[, value]] = await db.sql(
      "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'",
    );
    found = Number(value);
  }
  return async () => {
    await holder.query("COMMIT");
    await Promise.all(waiting);
    await Promise.all([holder, ...sessions].map((session) => session.end()));
  };
}

mysqlTest("adaptive: MySQL: lock waits slow it down, and it recovers", () =>
  onMysql(async (db) => {
    const server = { type: "mysql", ...db, makeWait: () => makeWait(db) } as const;
    await slowsAndRecovers(server, "", { readers: 1, batch_percent: 13 });
  }));
