import { hostAndPort, type NeedsOf, together, unixSocket } from "../../../core/ports/needs.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { sourceNeeds } from "../kit/needs.ts";
import { resolveConnection } from "./settings.ts";

/** The server, TLS files, and the server's public key. */
export const mysqlNeeds: NeedsOf<SourceConfig> = (source, env) => {
  const { host, port, socket, tls, serverPublicKeyFile } = resolveConnection(source, env);
  return together(
    socket === undefined ? { net: [hostAndPort(host, port)] } : unixSocket(socket),
    sourceNeeds(source, tls),
    { read: serverPublicKeyFile === undefined ? [] : [serverPublicKeyFile] },
  );
};
