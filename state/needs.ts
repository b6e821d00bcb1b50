/** What the state needs: its file beside the configuration, or its server. */
import { resolve } from "node:path";
import {
  type EnvLookup,
  hostAndPort,
  mayBeRead,
  type Needs,
  together,
  unixSocket,
} from "../core/ports/needs.ts";
import { defaultPassFile } from "../core/config/postgres_passfile.ts";
import { STATE_FILE } from "./open.ts";
import { readStateUrl, STATE_URL } from "./postgres/url.ts";

/** @param dir the configuration's folder. @throws StateError for a URL that cannot be used */
export function stateNeeds(dir: string, env: EnvLookup): Needs {
  const own: Needs = { env: [STATE_URL], sys: ["hostname"] };
  const text = env(STATE_URL);
  if (text === undefined) {
    // What SQLite keeps beside it the runtime does not ask about.
    const file = resolve(dir, STATE_FILE);
    return together(own, { read: [file], write: [file] });
  }
  const { hosts, url } = readStateUrl(text, env);
  const { rootCert, cert, key } = url.ssl;
  const files = [rootCert === "system" ? null : rootCert, cert, key];
  const passFile = url.password === null ? url.passFile ?? defaultPassFile(env) : null;
  return together(
    own,
    ...hosts.map(({ host, port }) =>
      host.startsWith("/")
        ? unixSocket(`${host}/.s.PGSQL.${port}`)
        : { net: [hostAndPort(host, port)] }
    ),
    {
      read: [...files, passFile !== null && mayBeRead(passFile) ? passFile : null]
        .filter((file) => file !== null),
      env: ["PG*", "HOME", "APPDATA", "USER", "USERNAME", "LOGNAME"],
    },
  );
}
