/** How many more connections the server would give. */
import type { RunRows } from "../kit/run_rows.ts";

/** `max_user_connections` is 0 where there is none; how many of them are taken, this account may not see. */
export async function freeConnections(rows: RunRows): Promise<number | null> {
  const [[max, perUser]] = await rows("SELECT @@max_connections, @@max_user_connections");
  const [[, connected]] = await rows("SHOW GLOBAL STATUS LIKE 'Threads_connected'");
  const ofServer = Number(max) - Number(connected);
  return Math.max(0, Number(perUser) > 0 ? Math.min(Number(perUser), ofServer) : ofServer);
}
