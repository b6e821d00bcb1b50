/** What SQLite's result codes (https://www.sqlite.org/rescode.html) mean for the state. */
import { RivetError, StateError } from "../../core/base/errors.ts";

const LOCKED = new Set([5, 6]); // SQLITE_BUSY, SQLITE_LOCKED
const CORRUPT = new Set([11, 26]); // SQLITE_CORRUPT, SQLITE_NOTADB
const DISK_FULL = 13;
const READ_ONLY = 8;
/** SQLITE_ERROR: our own SQL does not fit the tables that are there. */
const SQL_ERROR = 1;

/** The primary result code, or null: `node:sqlite` gives none when the file cannot be opened. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode & 0xff : null;
}

/** Whether another process was writing. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code !== null && LOCKED.has(code);
}

/** The error of a statement as the state's own. @param timeoutMs how long was waited for another's write. */
export function translateSqlite(error: unknown, path: string, timeoutMs: number): RivetError {
  if (error instanceof RivetError) return error;
  const code = resultCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const options = { cause: error, nativeCode: code === null ? undefined : String(code) };
  if (code !== null && LOCKED.has(code)) {
    return new StateError(
      "STATE_LOCKED",
      `the state at ${path} is locked: another process has been writing to it for more than ${
        timeoutMs / 1000
      } s`,
      {
        ...options,
        hint:
          `Wait for the other rivet or SQLite client that has it open, or stop it (\`lsof ${path}\` names it), and run again.`,
      },
    );
  }
  if (code !== null && CORRUPT.has(code)) {
    return new StateError("STATE_CORRUPT", `the state at ${path} is damaged: ${message}`, {
      ...options,
      hint: "Restore the file from a backup, or move it away to start with empty state: " +
        "incremental exports then read everything again.",
    });
  }
  if (code === SQL_ERROR) {
    return new StateError(
      "STATE_CORRUPT",
      `the state at ${path} does not have the tables of its version: ${message}`,
      {
        ...options,
        hint: "Restore the file from a backup; it was changed by something other than Rivet.",
      },
    );
  }
  return new StateError("STATE_UNAVAILABLE", `cannot use the state at ${path}: ${message}`, {
    ...options,
    hint: unavailableHint(code),
  });
}

function unavailableHint(code: number | null): string {
  if (code === DISK_FULL) return "The disk is full: free some space and run again.";
  if (code === READ_ONLY) return "The file or its folder is read-only: make both writable.";
  return "The config's folder must exist, be writable and be on a local disk. " +
    "RIVET_STATE_URL keeps state in PostgreSQL instead.";
}
