import {
  hostAndPort,
  mayBeRead,
  type NeedsOf,
  together,
  unixSocket,
} from "../../../core/ports/needs.ts";
import type { SourceConfig } from "../../../core/config/schema.ts";
import { sourceNeeds } from "../kit/needs.ts";
import { resolveConnection } from "./settings.ts";
import { addressOf, isUnixSocket } from "./wire/dial.ts";

/** Every server of the URL, TLS files, and the password file where no password is given. */
export const postgresNeeds: NeedsOf<SourceConfig> = (source, env) => {
  const { servers, passFile, namesUser } = resolveConnection(source, env);
  const ways = servers.map((server) =>
    isUnixSocket(server.host)
      ? unixSocket(addressOf(server))
      : { net: [hostAndPort(server.host, server.port)] }
  );
  return together(
    ...ways,
    sourceNeeds(source, servers[0].tls),
    {
      read: passFile !== null && mayBeRead(passFile) ? [passFile] : [],
      env: ["HOME", "PGPASSFILE", ...(Deno.build.os === "windows" ? ["APPDATA"] : [])],
      sys: [
        ...(env("HOME") === undefined ? ["homedir" as const] : []),
        ...(namesUser ? [] : ["username" as const, "uid" as const, "gid" as const]),
      ],
    },
  );
};
