/**
 * A primary that speaks TLS, asks some users for a certificate, and a standby of it, from the binaries of
 * this machine, on free ports and Unix sockets in a folder of their own.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { binaryFolder, freePort, serverIdentity } from "./local_postgres.ts";
import { until } from "./until.ts";

export interface PostgresPair {
  readonly primary: number;
  readonly standby: number;
  /** Where the sockets are. */
  readonly folder: string;
  /** Runs statements at the primary, as its superuser. */
  sql(text: string): Promise<void>;
  /** Waits until the standby has replayed all that the primary has written. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

/** `rivet` is the superuser; every password is this one. */
export const PAIR_PASSWORD = "pa1r";

const CERTIFICATES = fileURLToPath(new URL("../live/postgres/certificates", import.meta.url));

const HBA = `
local all all scram-sha-256
host replication all 127.0.0.1/32 trust
hostssl all certified 127.0.0.1/32 cert
hostnossl all tls_only 127.0.0.1/32 reject
hostssl all plain_only 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
`;

async function copyFolder(
  from: string,
  to: string,
  own: (path: string) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(to, { mode: 0o700 });
  await own(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(source, target, own);
    else {
      await Deno.copyFile(source, target);
      await own(target);
    }
  }
}

/** Null when there are no binaries. */
export async function startPostgresPair(): Promise<PostgresPair | null> {
  const bin = await binaryFolder();
  if (bin === null) return null;
  const identity = await serverIdentity();
  const folder = await Deno.makeTempDir({ prefix: "rivet-pair-" });
  const own = async (path: string) => {
    if (identity.uid !== undefined) await Deno.chown(path, identity.uid, identity.gid ?? null);
  };
  await Deno.chmod(folder, 0o755);
  await own(folder);
  const run = async (name: string, args: readonly string[]) => {
    const { success, stderr } = await new Deno.Command(join(bin, name), {
      args: [...args],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      ...identity,
    }).output();
    if (!success) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr)}`);
  };
  const put = async (name: string, text: string) => {
    await Deno.writeTextFile(join(folder, name), text);
    await Deno.chmod(join(folder, name), 0o600);
    await own(join(folder, name));
  };
  await put("password", PAIR_PASSWORD);
  await put("hba", HBA);
  for (const name of ["server.pem", "server.key", "client-ca.pem"]) {
    await put(name, await Deno.readTextFile(join(CERTIFICATES, name)));
  }
  const start = async (data: string, port: number, extra: string) => {
    const options = [
      `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`,
      "-c fsync=off -c shared_buffers=16MB -c autovacuum=off",
      `-c hba_file=${folder}/hba -c ssl=on -c ssl_cert_file=${folder}/server.pem`,
      `-c ssl_key_file=${folder}/server.key -c ssl_ca_file=${folder}/client-ca.pem`,
      extra,
    ].join(" ");
    const log = join(folder, `${data}.log`);
    await run("pg_ctl", ["-D", join(folder, data), "-w", "-l", log, "-o", options, "start"]);
  };
  const primary = freePort();
  let standby = 0;
  const stopServers = async () => {
    for (const data of ["standby", "primary"]) {
      const started = await run("pg_ctl", ["-D", join(folder, data), "status"]).then(
        () => true,
        () => false,
      );
      if (started) await run("pg_ctl", ["-D", join(folder, data), "-w", "-m", "immediate", "stop"]);
    }
    await Deno.remove(folder, { recursive: true });
  };
  try {
    const login = ["--auth=scram-sha-256", "--username=rivet", "--pwfile=password"];
    await run("initdb", ["-D", join(folder, "primary"), "--no-sync", "--locale=C", ...login]);
    // A copy from before the first start is one that follows from there on.
    await copyFolder(join(folder, "primary"), join(folder, "standby"), own);
    await put("standby/standby.signal", "");
    await put(
      "standby/postgresql.auto.conf",
      `primary_conninfo = 'host=127.0.0.1 port=${primary} user=rivet'\n`,
    );
    await start("primary", primary, "");
    // It cancels at once what holds up its recovery.
    standby = freePort();
    await start("standby", standby, "-c max_standby_streaming_delay=0");
  } catch (error) {
    await stopServers();
    throw error;
  }
  const open = (port: number) =>
    postgres(`postgres://rivet:${PAIR_PASSWORD}@127.0.0.1:${port}/postgres`, {
      max: 1,
      prepare: false,
      onnotice() {},
    });
  const [atPrimary, atStandby] = [open(primary), open(standby)];
  return {
    primary,
    standby,
    folder,
    sql: async (text) => void await atPrimary.unsafe(text),
    async caughtUp() {
      const [{ lsn }] = await atPrimary.unsafe("SELECT pg_current_wal_lsn()::text AS lsn");
      await until("the standby has caught up", async () => {
        const [{ done }] = await atStandby.unsafe(
          `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS done`,
        );
        return done as boolean;
      });
    },
    async stop() {
      await Promise.all([atPrimary.end(), atStandby.end()]);
      await stopServers();
    },
  };
}
