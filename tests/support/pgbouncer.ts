/** A pgbouncer in transaction mode in front of a test server, on a free port, in a folder of its own. */
import { join } from "node:path";
import { until } from "./until.ts";

export interface Pooler {
  /** The given URL, through the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

const PLACES = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/** The program's path; null where it is not installed. */
export async function findPgbouncer(): Promise<string | null> {
  for (const path of PLACES) {
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** @param poolSize server connections per database; they take turns. */
export async function startPgbouncer(
  program: string,
  databaseUrl: string,
  poolSize: number,
): Promise<Pooler> {
  const target = new URL(databaseUrl);
  const port = freePort();
  const dir = await Deno.makeTempDir({ prefix: "rivet-pgbouncer-" });
  const password = target.password === "" ? "" : ` password=${decodeURIComponent(target.password)}`;
  await Deno.writeTextFile(
    join(dir, "pgbouncer.ini"),
    `[databases]
* = host=${target.hostname} port=${target.port || 5432} user=${target.username}${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
server_round_robin = 1
ignore_startup_parameters = extra_float_digits
logfile = ${join(dir, "log")}
`,
  );
  // It refuses to run as root.
  const root = Deno.uid() === 0;
  if (root) await new Deno.Command("chown", { args: ["-R", "nobody", dir] }).output();
  const child = new Deno.Command(program, {
    args: [...root ? ["-u", "nobody"] : [], "-q", join(dir, "pgbouncer.ini")],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await until("pgbouncer listens", async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
    connection?.close();
    return connection !== null;
  });
  const url = new URL(databaseUrl);
  url.port = String(port);
  url.hostname = "127.0.0.1";
  return {
    url: url.href,
    stop: async () => {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(dir, { recursive: true });
    },
  };
}
