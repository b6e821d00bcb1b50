/** Tells a gateway or a connection multiplexer from a direct connection (contracts section 10). */

export type Route = "Direct" | "AzureGateway" | "Multiplexed";

/** `SERVERPROPERTY('EngineEdition')`: Azure SQL Database, Azure SQL Managed Instance. */
const AZURE_EDITIONS: ReadonlySet<number> = new Set([5, 8]);

export interface RouteSigns {
  /** `@@SPID` of two statements in a row. */
  readonly sessions: readonly [string, string];
  /** null: the server does not say. */
  readonly engineEdition: number | null;
}

/** Changing sessions weigh more than the edition: they break what a session remembers. */
export function classifyRoute({ sessions, engineEdition }: RouteSigns): Route {
  if (sessions[0] !== sessions[1]) return "Multiplexed";
  if (engineEdition !== null && AZURE_EDITIONS.has(engineEdition)) return "AzureGateway";
  return "Direct";
}

/** One line for the log. The export runs all the same: every statement brings its own settings. */
export const ROUTE_WARNINGS: Record<Route, string | null> = {
  Direct: null,
  AzureGateway:
    "the connection goes through the Azure SQL gateway: idle or long connections may be cut, and are then opened anew",
  Multiplexed:
    "connection multiplexer detected (@@SPID changes between statements): snapshots and row estimates are not available",
};
