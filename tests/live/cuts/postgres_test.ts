/** Every way to cut an export of PostgreSQL. */
import { onPostgres } from "../../support/postgres.ts";
import { type DayCase, oddDates, underWriters } from "./cases.ts";

const near = Array.from({ length: 9 }, (_, i) => `2026-01-0${i + 1}`);

const DATES: readonly DayCase[] = [
  {
    name: "a date sentinel far away costs one window",
    columnType: "date",
    dates: ["2020-01-01", ...near, "9999-12-31"],
    days: 1,
    expected: { chunks: 60 },
  },
  {
    name: "years beyond four digits and before the common era, with NULL",
    columnType: "date",
    dates: [...near, "10000-01-01", "0044-03-15 BC", "NULL"],
    days: 1,
    expected: { chunks: 60 },
  },
  {
    name: "instants, the last moment of the calendar",
    columnType: "timestamptz",
    dates: [...near, "9999-12-31 23:59:59.999999+00", "0044-03-15 00:00:00+00 BC"],
    days: 7,
    expected: { chunks: 60 },
  },
  {
    name: "nothing that a calendar holds",
    columnType: "timestamp",
    dates: ["0044-03-15 00:00:00 BC", "10000-01-01 00:00:00"],
    days: 7,
    expected: { chunks: 3 },
  },
  {
    name: "one day",
    columnType: "date",
    dates: ["9999-12-31"],
    days: 3,
    expected: { chunks: 3 },
  },
  {
    name: "infinity has no day and no value in a file",
    columnType: "date",
    dates: [...near, "infinity"],
    days: 1,
    expected: { refusal: /infinity/ },
  },
];

Deno.test("cuts: dates that no calendar holds are exported, or refused by name", async (t) => {
  await onPostgres((db) => oddDates(t, { type: "postgres", ...db }, DATES));
});

Deno.test("cuts: what nobody touches is exported once while others write", async (t) => {
  await onPostgres((db) => underWriters(t, { type: "postgres", ...db }));
});
