/** Reads the state that the documented tool wrote: its SQLite file, or its tables in PostgreSQL. */
import { join } from "node:path";
import { StateError } from "../../core/base/errors.ts";
import { errnoOf } from "../../core/base/file_error.ts";
import { registerUrlSecret } from "../../core/base/redact.ts";
import type { ForeignCursor, ForeignFile, ForeignState } from "../../core/ports/foreign_state.ts";
import type { Progression } from "../../core/ports/state.ts";
import type { SqlRow } from "../connection.ts";
import { connectedPostgres, STATE_FILE } from "../open.ts";
import { number, numberOrNull, text, textOrNull, wordOrNull } from "../row.ts";
import { type ReadConnection, readSqlite } from "../sqlite/read_only.ts";
import { storedCursor } from "./cursor_text.ts";

/** The schema versions that were looked at. Others are read where they have the columns. */
const SEEN: readonly number[] = [37, 38];

/** What is read. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  export_state: ["export_name", "last_cursor_value", "last_run_at"],
  file_log: [
    "run_id",
    "export_name",
    "file_name",
    "row_count",
    "bytes",
    "format",
    "compression",
    "created_at",
  ],
  export_progression: ["committed", "verified"].flatMap((what) =>
    ["strategy", "cursor", "chunk_index", "run_id", "at"].map((of) => `last_${what}_${of}`)
  ),
  chunk_run: ["export_name", "status"],
};

/**
 * @param from a PostgreSQL URL, a folder with a `.rivet_state.db`, or such a file under any name.
 * @throws StateError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_LOCKED, and STATE_FOREIGN for what is neither
 * that tool's state nor has the columns of it.
 */
export async function readForeignState(
  from: string,
  warn: (message: string) => void,
): Promise<ForeignState> {
  const db = await connect(from, warn);
  try {
    return await readAll(db);
  } finally {
    await db.close();
  }
}

const URL_SCHEME = /^[a-z][a-z0-9+]*:\/\//i;

async function connect(
  from: string,
  warn: (message: string) => void,
): Promise<ReadConnection> {
  if (!URL_SCHEME.test(from)) return readSqlite(await fileOf(from));
  registerUrlSecret(from);
  return await connectedPostgres(from, warn, "--from");
}

/** Opening a file that is not there would say less. */
async function fileOf(from: string): Promise<string> {
  let path = from;
  try {
    if ((await Deno.stat(path)).isDirectory) {
      path = join(from, STATE_FILE);
      await Deno.stat(path);
    }
    return path;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") return path;
    throw new StateError("STATE_UNAVAILABLE", `there is no state at ${path}`, {
      hint:
        "--from takes the folder that holds the other tool's .rivet_state.db, the file itself, or " +
        "the PostgreSQL URL of its state.",
    });
  }
}

async function columnsOf(db: ReadConnection, table: string): Promise<Set<string>> {
  return new Set((await db.all(db.dialect.columnsOf, [table])).map((row) => text(row, "name")));
}

/** Its own table in PostgreSQL, and one of our name in SQLite. */
async function versionOf(db: ReadConnection): Promise<number | null> {
  for (const table of ["rivet_schema_version", "schema_version"]) {
    const columns = await columnsOf(db, table);
    if (columns.has("applied_at")) {
      throw new StateError("STATE_FOREIGN", `the state at ${db.location} is this Rivet's own`, {
        hint: "It needs no import: keep it beside the config, or point RIVET_STATE_URL at it.",
      });
    }
    if (!columns.has("version")) continue;
    return numberOrNull(
      (await db.all(`SELECT MAX(version) AS version FROM ${table}`))[0],
      "version",
    );
  }
  return null;
}

async function requireColumns(db: ReadConnection, version: number | null): Promise<void> {
  for (const [table, columns] of Object.entries(NEEDED)) {
    const there = await columnsOf(db, table);
    const missing = columns.filter((column) => !there.has(column));
    if (missing.length === 0) continue;
    const what = there.size === 0 ? `no table ${table}` : `no ${table}.${missing[0]}`;
    throw new StateError(
      "STATE_FOREIGN",
      `the state at ${db.location} cannot be taken over: it has ${what}` +
        (version === null ? "" : ` (schema version ${version})`),
      {
        hint:
          `Versions ${
            SEEN.join(" and ")
          } can be. Let the newest release of the tool that wrote it ` +
          "open it once, or take each cursor over: rivet state set -e NAME --cursor VALUE",
      },
    );
  }
}

async function readAll(db: ReadConnection): Promise<ForeignState> {
  const version = await versionOf(db);
  await requireColumns(db, version);
  const types = await notedTypes(db);
  const states = await db.all("SELECT * FROM export_state ORDER BY export_name");
  const places = new Map(states.map((row) => [text(row, "export_name"), destinationOf(row)]));
  const progressions = await db.all("SELECT * FROM export_progression ORDER BY export_name");
  const files = await db.all("SELECT * FROM file_log ORDER BY id");
  const open = await db.all(
    "SELECT DISTINCT export_name FROM chunk_run WHERE status = 'in_progress' ORDER BY export_name",
  );
  const seen = version !== null && SEEN.includes(version);
  return {
    location: db.location,
    version,
    warnings: seen ? [] : [
      `the state at ${db.location} has schema version ${
        version ?? "none"
      }, which was never looked at; ` +
      "it has the columns that are read",
    ],
    cursors: states.flatMap((row) => cursorOf(row, types)),
    progressions: progressions.map((row) => progressionOf(row, types)),
    files: files.map((row) => fileOfLog(row, places)),
    openChunkRuns: open.map((row) => text(row, "export_name")),
  };
}

/** By export: what the column of its cursor is. */
type Types = ReadonlyMap<string, { readonly type: string | null; readonly engine: string | null }>;

/** Beside the runs; the last one to note it counts. */
async function notedTypes(db: ReadConnection): Promise<Types> {
  const columns = await columnsOf(db, "export_metrics");
  if (!columns.has("key_descriptor_json") || !columns.has("source_type")) return new Map();
  const rows = await db.all(
    `SELECT export_name, source_type, key_descriptor_json FROM export_metrics
     WHERE key_descriptor_json IS NOT NULL ORDER BY id`,
  );
  return new Map(rows.map((row) => {
    const type = field(text(row, "key_descriptor_json"), "db_type");
    return [text(row, "export_name"), { type, engine: textOrNull(row, "source_type") }];
  }));
}

/** A text field of a JSON object; null where there is none, whatever else stands there. */
function field(json: string, name: string): string | null {
  try {
    const value: unknown = Object(JSON.parse(json))[name];
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

const optional = (row: SqlRow, column: string): string | null =>
  column in row ? textOrNull(row, column) : null;

function destinationOf(row: SqlRow): string {
  const stored = optional(row, "destination");
  return stored === null ? "" : field(stored, "destination") ?? "";
}

function stored(exportName: string, value: string, types: Types): string {
  return storedCursor(value, types.get(exportName) ?? { type: null, engine: null });
}

/** Exports of other modes have a row without a cursor. */
function cursorOf(row: SqlRow, types: Types): ForeignCursor[] {
  const cursor = textOrNull(row, "last_cursor_value");
  if (cursor === null) return [];
  const exportName = text(row, "export_name");
  return [{
    exportName,
    source: optional(row, "prefix") ?? "",
    cursor: stored(exportName, cursor, types),
    column: optional(row, "cursor_column"),
    updatedAt: instant(textOrNull(row, "last_run_at")),
    unfinishedRun: optional(row, "resume_run_id"),
  }];
}

/** With milliseconds, as ours are. */
function instant(text: string | null): string | null {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

const STRATEGIES = ["incremental", "chunked"] as const;

function progressionOf(row: SqlRow, types: Types): Progression {
  const exportName = text(row, "export_name");
  const boundary = (what: "committed" | "verified") => {
    const strategy = wordOrNull(row, `last_${what}_strategy`, STRATEGIES);
    const cursor = textOrNull(row, `last_${what}_cursor`);
    const chunk = numberOrNull(row, `last_${what}_chunk_index`);
    const value = strategy === "chunked" ? chunk?.toString() ?? null : cursor;
    return {
      strategy: value === null ? null : strategy,
      value: value === null || strategy === "chunked" ? value : stored(exportName, value, types),
      runId: textOrNull(row, `last_${what}_run_id`),
      at: instant(textOrNull(row, `last_${what}_at`)),
    };
  };
  const [committed, verified] = [boundary("committed"), boundary("verified")];
  return {
    exportName,
    committedStrategy: committed.strategy,
    committedValue: committed.value,
    committedRunId: committed.runId,
    committedAt: committed.at,
    verifiedStrategy: verified.strategy,
    verifiedValue: verified.value,
    verifiedRunId: verified.runId,
    verifiedAt: verified.at,
  };
}

function fileOfLog(row: SqlRow, places: ReadonlyMap<string, string>): ForeignFile {
  const exportName = text(row, "export_name");
  const createdAt = text(row, "created_at");
  return {
    runId: text(row, "run_id"),
    exportName,
    fileName: text(row, "file_name"),
    destination: places.get(exportName) ?? "",
    rows: number(row, "row_count"),
    sizeBytes: number(row, "bytes"),
    format: text(row, "format"),
    compression: textOrNull(row, "compression") ?? "",
    createdAt: instant(createdAt) ?? createdAt,
  };
}
