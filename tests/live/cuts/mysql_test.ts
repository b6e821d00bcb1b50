/** Every way to cut an export of MariaDB. */
import { mysqlTest, onMysql } from "../../support/mariadb.ts";
import { type DayCase, oddDates, underWriters } from "./cases.ts";

const near = Array.from({ length: 9 }, (_, i) => `2026-01-0${i + 1}`);

const DATES: readonly DayCase[] = [
  {
    name: "a sentinel far away",
    columnType: "date",
    dates: [...near, "9999-12-31"],
    days: 1,
    expected: { chunks: 60 },
  },
  {
    name: "a sentinel with a time, and NULL",
    columnType: "datetime(6)",
    dates: [...near, "9999-12-31 23:59:59.999999", "NULL"],
    days: 2,
    expected: { chunks: 60 },
  },
  {
    name: "a zero date has no value in a file",
    columnType: "date",
    dates: [...near, "0000-00-00"],
    days: 1,
    expected: { refusal: /0000-00-00/ },
  },
];

mysqlTest("cuts: dates that no calendar holds are exported, or refused by name", async (t) => {
  await onMysql(async (db) => {
    await db.sql("SET SESSION sql_mode = ''");
    await oddDates(t, { type: "mysql", ...db }, DATES);
  });
});

mysqlTest("cuts: what nobody touches is exported once while others write", async (t) => {
  await onMysql(async (db) => {
    const knows = await db.sql("SELECT ROW_NUMBER() OVER ()").then(() => true, () => false);
    const refusal = knows ? {} : { withoutDense: /needs window functions, which MySQL 5\.7/ };
    await underWriters(t, { type: "mysql", ...db, ...refusal });
  });
});
