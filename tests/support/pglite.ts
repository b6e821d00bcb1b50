/** The embedded PostgreSQL (PGlite, a server compiled to WebAssembly) in this process, over a socket. */
import { keepFlightsWhole } from "../../fixtures/demo/whole_flights.ts";
import type { TestServer } from "./postgres.ts";

/**
 * Starts an empty one on a free port of 127.0.0.1. All its connections share one session: there is no
 * other database, role or lock, and transactions wait for each other.
 */
export async function startPglite(): Promise<TestServer> {
  const { PGlite } = await import("@electric-sql/pglite");
  const { PGLiteSocketServer } = await import("@electric-sql/pglite-socket");
  const db = await PGlite.create();
  keepFlightsWhole(db);
  const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0, maxConnections: 16 });
  await server.start();
  let stopped: Promise<void> | null = null;
  return {
    url: `postgres://postgres@${server.getServerConn()}/postgres`,
    description: "the embedded PostgreSQL (PGlite)",
    stop() {
      stopped ??= server.stop().then(() => db.close());
      return stopped;
    },
  };
}
