/** What PostgreSQL's SQLSTATEs and the driver's connection errors mean for the state. */
import { refusalBehind } from "../../core/base/denied.ts";
import { RivetError, StateError } from "../../core/base/errors.ts";
import type { StateUrl } from "./url.ts";

const LOCKED = new Set([
  "55P03", // lock_not_available: lock_timeout ran out
  "40P01", // deadlock_detected
  "57014", // query_canceled: the server's own statement_timeout
]);

/** XX001 and XX002 report damaged data and indexes; class 42 (without 42501): tables are not as we left them. */
function isCorrupt(code: string): boolean {
  return code === "XX001" || code === "XX002" || (code.startsWith("42") && code !== "42501");
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

function unavailableHint(code: string, namedBy: string): string {
  const kind = code.slice(0, 2);
  if (kind === "28") return `Check user and password in ${namedBy}.`;
  if (code === "3D000") return `Create the database, or correct its name in ${namedBy}.`;
  if (code === "42501") {
    return "Give the user CREATE on the schema for the first connect, and SELECT, INSERT, UPDATE, DELETE " +
      "on Rivet's tables.";
  }
  if (code === "25006") return `The server is read-only: name the primary in ${namedBy}.`;
  if (code === "53300") {
    return "The server has no free connection; Rivet needs up to 2 per process.";
  }
  if (kind === "53") return "The server is out of disk space or memory.";
  return `Check that the server in ${namedBy} runs, is reachable from here, and accepts the sslmode.`;
}

/** The driver's error itself is not kept as a cause: it may repeat connection options. */
export function translatePostgres(error: unknown, url: StateUrl): RivetError {
  if (error instanceof RivetError) return error;
  const code = codeOf(error);
  const message = redact(error instanceof Error ? error.message : String(error), url);
  const at = url.location;
  const nativeCode = code === "" ? undefined : code;
  if (LOCKED.has(code)) {
    return new StateError("STATE_LOCKED", `the state at ${at} is locked: ${message}`, {
      nativeCode,
      hint:
        "Another session holds Rivet's rows; `SELECT * FROM pg_stat_activity WHERE state LIKE " +
        "'idle in transaction%'` shows it. Wait for it or end it, and run again.",
    });
  }
  if (isCorrupt(code)) {
    return new StateError(
      "STATE_CORRUPT",
      `the state at ${at} does not have the tables of its version: ${message}`,
      {
        nativeCode,
        hint: "Restore the tables from a backup, or give Rivet a database of its own; " +
          "another program may use the same table names.",
      },
    );
  }
  return new StateError("STATE_UNAVAILABLE", `cannot use the state at ${at}: ${message}`, {
    nativeCode,
    hint: unavailableHint(code, url.namedBy),
    cause: refusalBehind(error) ?? undefined,
  });
}

function redact(message: string, url: StateUrl): string {
  return url.secrets.reduce((text, secret) => text.replaceAll(secret, "***"), message);
}
