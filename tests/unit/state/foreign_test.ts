/** The state of the documented tool: what is read of it, and what is refused to be taken over. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StateError } from "../../../core/base/errors.ts";
import { importState } from "../../../core/import/import_state.ts";
import { type ImportStep, planImport } from "../../../core/import/plan_import.ts";
import type { StateStore } from "../../../core/ports/state.ts";
import { storedCursor } from "../../../state/foreign/cursor_text.ts";
import { readForeignState } from "../../../state/foreign/read.ts";
import { openSqlite, STATE_FILE } from "../../../state/open.ts";

const DUMP = new URL("../../compat/data/state_v38.sql", import.meta.url);
const EXPORTS = ["by_id", "by_at", "by_code"].map((name) => ({
  name,
  cursorColumn: name.slice("by_".length),
}));

interface Place {
  readonly dir: string;
  readonly old: DatabaseSync;
  readonly own: StateStore;
  /** What of the old state would be taken over, by export. */
  readonly plan: (only?: string) => Promise<Record<string, ImportStep>>;
}

async function withStates(body: (place: Place) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-foreign-" });
  await Deno.mkdir(join(dir, "old"));
  const old = new DatabaseSync(join(dir, "old", STATE_FILE));
  old.exec(await Deno.readTextFile(DUMP));
  const own = await openSqlite(join(dir, STATE_FILE));
  try {
    await body({
      dir,
      old,
      own,
      async plan(only) {
        const foreign = await readForeignState(join(dir, "old"), assert.fail);
        const steps = await planImport(foreign, EXPORTS, own, only ?? null);
        return Object.fromEntries(steps.map((step) => [step.exportName, step]));
      },
    });
  } finally {
    old.close();
    await own.close();
    await Deno.remove(dir, { recursive: true });
  }
}

const REFUSED: readonly (readonly [why: string, sql: string, reason: RegExp])[] = [
  [
    "several cursors",
    `INSERT INTO export_state (export_name, prefix, last_cursor_value)
     VALUES ('by_id', 'postgres://old/shop', '7')`,
    /it has 2 cursors: .*7 of postgres:\/\/old\/shop.*rivet state set -e by_id/,
  ],
  [
    "an unfinished run",
    "UPDATE export_state SET resume_run_id = 'by_id_run' WHERE export_name = 'by_id'",
    /its run by_id_run has not ended/,
  ],
  [
    "another cursor column",
    "UPDATE export_state SET cursor_column = 'code' WHERE export_name = 'by_id'",
    /its cursor is one of code, and the config says id/,
  ],
];

for (const [why, sql, reason] of REFUSED) {
  Deno.test(`foreign state: an export with ${why} is refused, the others are taken over`, () =>
    withStates(async ({ old, own, plan }) => {
      old.exec(sql);
      const steps = await plan();
      assert.equal(steps.by_id.action, "refuse");
      assert.match(steps.by_id.reason ?? "", reason);
      assert.deepEqual([steps.by_code.action, steps.by_day.reason], [
        "import",
        "not in this config",
      ]);
      await importState(own, Object.values(steps), new AbortController().signal);
      assert.deepEqual((await own.cursors()).map((c) => c.exportName), ["by_at", "by_code"]);
    }));
}

Deno.test("foreign state: our own cursor is not overwritten; one that is equal is no conflict", () =>
  withStates(async ({ own, plan }) => {
    const { by_id } = await plan("by_id");
    assert.equal(by_id.cursor?.cursor, "20");
    const set = {
      ...by_id,
      cursor: { ...by_id.cursor, cursor: "25" },
      files: [],
      progression: null,
    };
    await importState(own, [set], new AbortController().signal);
    const { by_id: refused } = await plan("by_id");
    assert.equal(refused.action, "refuse");
    assert.match(
      refused.reason ?? "",
      /a cursor already, 25, .* is 20; rivet state reset -e by_id/,
    );
  }));

Deno.test("foreign state: an import that was cut short before the cursor is completed", () =>
  withStates(async ({ own, plan }) => {
    const { by_id } = await plan("by_id");
    const signal = new AbortController().signal;
    await importState(own, [{ ...by_id, cursor: null }], signal);
    const { by_id: rest } = await plan("by_id");
    assert.deepEqual([rest.action, rest.files, rest.progression], ["import", [], null]);
    assert.equal(rest.cursor?.cursor, "20");
    await importState(own, [rest], signal);
    assert.equal((await plan("by_id")).by_id.reason, "taken over already");
    assert.equal((await own.files({ exportName: "by_id" })).length, 1);
  }));

Deno.test("I3: a file that cannot be logged leaves the cursor where it was", () =>
  withStates(async ({ own, plan }) => {
    const { by_id } = await plan("by_id");
    const broken = { ...by_id, files: by_id.files.map((file) => ({ ...file, rows: NaN })) };
    await assert.rejects(importState(own, [broken], new AbortController().signal));
    assert.equal(await own.cursor("by_id"), null);
    assert.equal((await plan("by_id")).by_id.action, "import");
  }));

Deno.test("foreign state: an unfinished chunked run is told and left", () =>
  withStates(async ({ old, plan }) => {
    old.exec(`INSERT INTO chunk_run (run_id, export_name, plan_hash, status, created_at, updated_at)
      VALUES ('r', 'by_id', 'h', 'in_progress', 'x', 'x')`);
    assert.match((await plan()).by_id.notes[0], /unfinished chunked run is not taken over/);
  }));

Deno.test("foreign state: versions that were not seen are read where they have the columns", () =>
  withStates(async ({ dir, old }) => {
    const read = (place: string) => readForeignState(join(dir, place), assert.fail);
    old.exec("UPDATE schema_version SET version = 99");
    assert.match((await read("old")).warnings[0], /schema version 99, which was never looked at/);
    old.exec("ALTER TABLE export_state DROP COLUMN last_run_at");
    await assert.rejects(read("old"), {
      code: "STATE_FOREIGN",
      message: /it has no export_state\.last_run_at \(schema version 99\)/,
      hint: /Versions 37 and 38 can be/,
    });
    old.exec("DROP TABLE file_log; ALTER TABLE export_state ADD COLUMN last_run_at TEXT");
    await assert.rejects(read("old"), { message: /it has no table file_log/ });
    await assert.rejects(read("nowhere"), { code: "STATE_UNAVAILABLE", hint: /--from takes/ });
    for (
      const [from, message] of [
        ["mysql://u:secret@127.0.0.1/x", /^--from starts with mysql/],
        ["postgresql://u:secret@127.0.0.1:1/x", /u:\*\*\*@127\.0\.0\.1:1\/x: .*ECONNREFUSED/],
      ] as const
    ) {
      await assert.rejects(readForeignState(from, assert.fail), (error) => {
        assert.ok(error instanceof StateError);
        assert.match(error.message, message);
        assert.doesNotMatch(`${error.message} ${error.hint}`, /secret|RIVET_STATE_URL/);
        return true;
      });
    }
    await assert.rejects(read(STATE_FILE), { code: "STATE_FOREIGN", message: /this Rivet's own/ });
  }));

Deno.test("foreign state: a cursor's text is changed only where its column holds times", () => {
  const moment = "2026-01-01T00:16:40.123";
  const cases: readonly (readonly [type: string | null, engine: string, stored: string])[] = [
    ["timestamptz", "postgres", "2026-01-01 00:16:40.123000+00"],
    ["timestamp", "postgres", "2026-01-01 00:16:40.123000"],
    ["timestamp", "mysql", "2026-01-01 00:16:40.123000+00"],
    ["datetime", "mysql", "2026-01-01 00:16:40.123000"],
    ["datetimeoffset", "mssql", "2026-01-01 00:16:40.123000+00"],
    ["datetime2", "mssql", "2026-01-01 00:16:40.123000"],
    ["text", "postgres", moment],
    [null, "postgres", moment],
  ];
  for (const [type, engine, stored] of cases) {
    assert.equal(storedCursor(moment, { type, engine }), stored, `${engine} ${type}`);
  }
  assert.equal(storedCursor("2026-01-01", { type: "date", engine: "mysql" }), "2026-01-01");
  assert.equal(storedCursor("42", { type: "int8", engine: "postgres" }), "42");
});
