import { hostAndPort, type NeedsOf, together } from "../../../core/ports/needs.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { sourceNeeds } from "../kit/needs.ts";
import { resolveConnection } from "./settings.ts";

/** The server; of a named instance nobody knows the port before the Browser is asked. */
export const mssqlNeeds: NeedsOf<SourceConfig> = (source, env) => {
  const { host, port, tls } = resolveConnection(source, env);
  return together(
    port === null
      ? {
        net: ["*"],
        notes: ["the port of a named SQL Server instance is asked for: give `port` instead"],
      }
      : { net: [hostAndPort(host, port), ...redirected(host)] },
    sourceNeeds(source, tls),
  );
};

/** Azure's gateway sends a connection on to a node, whose name and port it tells. */
function redirected(host: string): string[] {
  return /\.database\.windows\.net$/i.test(host) ? ["*.database.windows.net"] : [];
}
