/** A throw-away PostgreSQL from the binaries of this machine, on a free port of 127.0.0.1. */
import { delimiter, join } from "node:path";
import type { TestServer } from "./postgres.ts";

const USER = "rivet";
const PASSWORD = "p%ss:w@rd/1";
/** Where distributions put what is not on PATH; the highest version wins. */
const DEBIAN_ROOT = "/usr/lib/postgresql";
const EXE = Deno.build.os === "windows" ? ".exe" : "";

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** Where `initdb` and `postgres` lie; null when there are none. RIVET_TEST_POSTGRES_BIN names the folder. */
export async function binaryFolder(): Promise<string | null> {
  const named = Deno.env.get("RIVET_TEST_POSTGRES_BIN") ?? "";
  if (named !== "") return named;
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  if (await exists(DEBIAN_ROOT)) {
    const versions = (await Array.fromAsync(Deno.readDir(DEBIAN_ROOT))).map((entry) => entry.name);
    versions.sort((a, b) => Number(b) - Number(a));
    folders.push(...versions.map((version) => join(DEBIAN_ROOT, version, "bin")));
  }
  for (const folder of folders) {
    const both = await Promise.all(
      ["initdb", "postgres"].map((name) => exists(join(folder, name + EXE))),
    );
    if (both.every((found) => found)) return folder;
  }
  return null;
}

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

async function idOf(flag: "-u" | "-g", user: string): Promise<number | null> {
  const { success, stdout } = await new Deno.Command("id", { args: [flag, user], stderr: "null" })
    .output();
  return success ? Number(new TextDecoder().decode(stdout)) : null;
}

/** The server refuses to run as root: then it runs as an account that exists everywhere. */
/** Whom the server runs as: it refuses to be root. */
export async function serverIdentity(): Promise<Identity> {
  if (Deno.uid() !== 0) return {};
  for (const user of ["postgres", "nobody"]) {
    const uid = await idOf("-u", user);
    const gid = await idOf("-g", user);
    if (uid !== null && gid !== null) return { uid, gid };
  }
  throw new Error(
    "running as root, and there is neither a user postgres nor nobody to run the server",
  );
}

/** A port of this machine that nobody listens on. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

export interface LocalOptions {
  /** Where the programs are, instead of where they are found. */
  readonly bin?: string;
  /** A standby without a primary: it waits for one, and answers queries meanwhile. */
  readonly standby?: boolean;
}

/** Starts one, or returns null when there are no binaries. */
export async function startLocalPostgres(options: LocalOptions = {}): Promise<TestServer | null> {
  const bin = options.bin ?? await binaryFolder();
  if (bin === null) return null;
  const identity = await serverIdentity();
  const folder = await Deno.makeTempDir({ prefix: "rivet-postgres-" });
  if (identity.uid !== undefined) await Deno.chown(folder, identity.uid, identity.gid ?? null);
  const data = join(folder, "data");
  const run = async (name: string, args: readonly string[]): Promise<void> => {
    const { success, stderr } = await new Deno.Command(join(bin, name + EXE), {
      args: [...args],
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      ...identity,
    }).output();
    if (!success) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr)}`);
  };
  const passwordFile = join(folder, "password");
  await Deno.writeTextFile(passwordFile, PASSWORD, { mode: 0o644 });
  const encoding = ["--encoding=UTF8", "--locale=C"];
  const login = ["--auth=scram-sha-256", `--username=${USER}`, `--pwfile=${passwordFile}`];
  const port = freePort();
  const settings = [
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`,
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB",
    "-c max_prepared_transactions=10",
  ].join(" ");
  try {
    await run("initdb", ["-D", data, "--no-sync", ...encoding, ...login]);
    if (options.standby) await Deno.writeTextFile(join(data, "standby.signal"), "");
    // The server's standard error goes to the log file; an inherited pipe would never end.
    await run("pg_ctl", ["-D", data, "-w", "-l", join(folder, "log"), "-o", settings, "start"]);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    await run("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]);
    await Deno.remove(folder, { recursive: true });
  };
  return {
    url: `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`,
    description: `PostgreSQL of ${bin}`,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}
