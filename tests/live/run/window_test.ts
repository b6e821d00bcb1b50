/** `mode: time_window` on servers: which rows a window has, and how many are expected of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { sourceFactory } from "../../../adapters/sources/mod.ts";
import { loadConfig } from "../../../core/config/load.ts";
import { planExport } from "../../../core/plan/export_plan.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import type { ExportPlan } from "../../../core/plan/strategy.ts";
import type { Source } from "../../../core/ports/source.ts";
import { caseTuning } from "../../conformance/source.ts";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { structured as mysqlSource } from "../mysql/harness.ts";
import { structured as postgresSource } from "../postgres/harness.ts";

/** Late in the day: a time of day must not cut the day that the window begins in. */
const NOW = new Date("2026-03-10T22:21:56Z");

/** Ten rows a day, the last on the day of `NOW`. */
const ROWS = Array.from({ length: 1000 }, (_, i) => {
  const days = Math.floor(i / 10);
  const day = new Date(Date.UTC(2026, 2, 10) - days * 86_400_000).toISOString().slice(0, 10);
  return `(${i}, '${day}', '${day} 10:00:00')`;
}).join(", ");

const tableSql = (instant: string) => `
  CREATE TABLE visits (id int PRIMARY KEY, day date NOT NULL, at ${instant} NOT NULL);
  INSERT INTO visits VALUES ${ROWS};
  CREATE INDEX by_day ON visits (day);
  CREATE INDEX by_moment ON visits (at)`;

async function planOf(source: Source, type: string, settings: string): Promise<ExportPlan> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-window-" });
  try {
    const path = join(dir, "rivet.yaml");
    await Deno.writeTextFile(
      path,
      `source: {type: ${type}, url: "${type}://u@h/d"}\nexports:\n` +
        `  - {name: visits, table: visits, mode: time_window, ${settings}, ` +
        "destination: {type: local, path: ./out}}\n",
    );
    const { exports: [exported] } = await loadConfig(path, {
      params: new Map(),
      env: () => undefined,
    });
    return await planExport(source, exported, {
      now: NOW,
      cursor: null,
      ties: null,
      chunks: null,
      signal: new AbortController().signal,
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Settings, and how many rows a window of two days has. */
const WINDOWS: Readonly<Record<string, number>> = {
  // The 8th, 9th and 10th.
  "time_column: day, days_window: 2": 30,
  "time_column: day, days_window: 2, columns: {day: timestamp}": 30,
  // From the 8th at 22:21:56 on.
  "time_column: at, days_window: 2": 20,
  "time_column: at, days_window: 2, columns: {at: timestamp}": 20,
};

async function checkWindows(config: SourceConfig): Promise<void> {
  const factory = await sourceFactory(config.type);
  const source = await factory.connect({
    source: config,
    tuning: caseTuning(),
    applicationName: "rivet-window",
  });
  try {
    for (const [settings, expected] of Object.entries(WINDOWS)) {
      const { strategy, estimatedRows } = await planOf(source, config.type, settings);
      assert.ok(strategy.kind === "whole" && strategy.reads[0].kind === "cursor");
      const [[count]] = await source.rows(
        `SELECT COUNT(*) FROM (\n${strategy.reads[0].sql}\n) AS counted`,
      );
      assert.equal(Number(count), expected, settings);
      assert.ok(
        estimatedRows !== null && estimatedRows < 200,
        `${settings}: ${estimatedRows} rows`,
      );
    }
  } finally {
    await source.close();
  }
}

Deno.test("time window on PostgreSQL", async () => {
  const server = await testPostgres();
  try {
    const database = await createDatabase(server);
    try {
      await database.sql(`${tableSql("timestamptz")}; ANALYZE visits`);
      await checkWindows(postgresSource(database.url));
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});

mysqlTest("time window on MySQL", async () => {
  const server = await testMysql();
  try {
    const database = await createMysqlDatabase(server);
    try {
      await database.sql(`${tableSql("timestamp")}; ANALYZE TABLE visits`);
      await checkWindows(mysqlSource(database.url));
    } finally {
      await database.drop();
    }
  } finally {
    await server.stop();
  }
});
