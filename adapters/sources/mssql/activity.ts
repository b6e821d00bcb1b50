/** What the server does for a session that says nothing. */
import type { ConnectionSettings } from "./settings.ts";

/** A second login of these seconds at most tells a server that works from one that is gone. */
const ASIDE_TIMEOUT_S = 10;

/** The second login, a connection of its own. */
export interface Aside {
  statementTimeoutMs: number;
  /** The text that a batch gives, which begins with `beginning`. */
  text(sql: string, beginning: string): Promise<string | null>;
  close(): Promise<void>;
}

/** `gone`: nobody answers. `unknown`: the server is there, and does not show what others do. */
export type Activity = "works" | "idle" | "unknown" | "gone";

/**
 * What a session does, which another login sees that may (VIEW SERVER STATE). One that waits for the client
 * to read is not at work: what it sends does not arrive.
 */
function activitySql(sessionId: number): string {
  const its = `session_id = ${sessionId}`;
  return `SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM sys.dm_exec_sessions WHERE ${its}) THEN N'unknown'
    WHEN EXISTS (SELECT 1 FROM sys.dm_exec_requests
      WHERE ${its} AND COALESCE(wait_type, N'') <> N'ASYNC_NETWORK_IO') THEN N'works' ELSE N'idle' END`;
}

/** What the server does for a session that says nothing: a statement may be silent for as long as it sorts. */
export async function activityOf(
  sessionId: number | null,
  settings: ConnectionSettings,
  open: (settings: ConnectionSettings) => Promise<Aside>,
): Promise<Activity> {
  const connectTimeoutS = Math.min(settings.connectTimeoutS, ASIDE_TIMEOUT_S);
  let aside: Aside;
  try {
    aside = await open({ ...settings, connectTimeoutS });
  } catch {
    return "gone";
  }
  try {
    if (sessionId === null) return "unknown";
    aside.statementTimeoutMs = ASIDE_TIMEOUT_S * 1000;
    const said = await aside.text(activitySql(sessionId), "");
    return said === "works" || said === "idle" ? said : "unknown";
  } catch {
    return "unknown";
  } finally {
    await aside.close();
  }
}
