/**
 * `deno run -A tests/mysql_servers.ts SERVER [path...]`: tests against a server that the machine's own
 * distribution does not have. Its packages come from another suite of Debian by apt-get, are unpacked into a
 * folder for temporary files, and run there by chroot: nothing is installed. Needs Debian and root.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Server {
  readonly suite: string;
  readonly package: string;
  readonly daemon: "mysqld" | "mariadbd";
}

const SERVERS: Readonly<Record<string, Server>> = {
  "mysql-9.7": { suite: "sid", package: "mysql-server-core", daemon: "mysqld" },
  "mariadb-11.8": { suite: "trixie", package: "mariadb-server-core", daemon: "mariadbd" },
  "mariadb-10.5": { suite: "bullseye", package: "mariadb-server-core-10.5", daemon: "mariadbd" },
};

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PASSWORD = "rivet-test";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

async function run(command: string, args: readonly string[], input?: string): Promise<string> {
  const child = new Deno.Command(command, {
    args: [...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Where this machine takes Debian's packages from. */
async function mirror(): Promise<string> {
  const sites = await run("apt-get", ["indextargets", "--format", "$(REPO_URI)"]);
  const found = sites.split("\n").find((uri) => /\/debian\/?$/.test(uri));
  if (found === undefined) throw new Error("apt-get names no Debian mirror; run apt-get update");
  return found;
}

/** Unpacks the server's package and all that it needs, the C library included. */
async function unpack(dir: string, root: string, server: Server): Promise<void> {
  const sources = join(dir, "sources.list");
  await Deno.mkdir(join(dir, "lists", "partial"), { recursive: true });
  await Deno.mkdir(join(dir, "archives", "partial"), { recursive: true });
  await Deno.writeTextFile(
    sources,
    `deb [signed-by=${KEYRING}] ${await mirror()} ${server.suite} main\n`,
  );
  // No package counts as installed.
  await Deno.writeTextFile(join(dir, "status"), "");
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${join(dir, "lists")}`,
    `Dir::State::status=${join(dir, "status")}`,
    `Dir::Cache=${dir}`,
    `Dir::Cache::archives=${join(dir, "archives")}`,
    "APT::Sandbox::User=root",
    "Debug::NoLocking=1",
  ].flatMap((option) => ["-o", option]);
  await run("apt-get", [...options, "update", "-qq"]);
  const install = ["install", "-y", "-qq", "--no-install-recommends", "--download-only"];
  await run("apt-get", [...options, ...install, server.package]);
  for (const name of ["bin", "lib", "lib64", "sbin"]) {
    await Deno.mkdir(join(root, "usr", name), { recursive: true });
    await Deno.symlink(join("usr", name), join(root, name));
  }
  for await (const { name } of Deno.readDir(join(dir, "archives"))) {
    if (!name.endsWith(".deb")) continue;
    const archive = join(dir, "archives", name);
    await run("sh", [
      "-c",
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2" -f -',
      "sh",
      archive,
      root,
    ]);
  }
}

/** Devices, an account database and the server's own tables. */
async function prepare(root: string, { daemon }: Server): Promise<void> {
  for (const [name, minor] of [["null", 3], ["zero", 5], ["random", 8], ["urandom", 9]] as const) {
    await Deno.mkdir(join(root, "dev"), { recursive: true });
    await run("mknod", ["-m", "666", join(root, "dev", name), "c", "1", String(minor)]);
  }
  await Deno.mkdir(join(root, "tmp"), { recursive: true });
  await Deno.chmod(join(root, "tmp"), 0o1777);
  await Deno.mkdir(join(root, "etc"), { recursive: true });
  await Deno.writeTextFile(join(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  await Deno.writeTextFile(join(root, "etc", "group"), "root:x:0:\n");
  await Deno.writeTextFile(
    join(root, "init.sql"),
    `CREATE USER IF NOT EXISTS 'rivet'@'%' IDENTIFIED BY '${PASSWORD}';\n` +
      "GRANT ALL ON *.* TO 'rivet'@'%' WITH GRANT OPTION;\n",
  );
  const options = ["--no-defaults", "--user=root", "--datadir=/data"];
  const at = [root, `/usr/sbin/${daemon}`, ...options];
  if (daemon === "mysqld") {
    await run("chroot", [...at, "--initialize-insecure"]);
    return;
  }
  await Deno.mkdir(join(root, "data", "mysql"), { recursive: true });
  await run("chroot", [...at, "--bootstrap"], await systemTables(root));
}

async function systemTables(root: string): Promise<string> {
  const parts = ["use mysql;", "set @auth_root_socket=NULL, @skip_auth_anonymous=1;"];
  for (const name of ["system_tables", "performance_tables", "system_tables_data"]) {
    const files = [`mariadb/mariadb_${name}.sql`, `mysql/mysql_${name}.sql`];
    for (const file of files) {
      const text = await Deno.readTextFile(join(root, "usr/share", file)).catch(() => null);
      if (text !== null) parts.push(text);
    }
  }
  return `${parts.join("\n")}\n`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
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

async function main(name: string, paths: readonly string[]): Promise<number> {
  const server = SERVERS[name];
  if (server === undefined) throw new Error(`known servers: ${Object.keys(SERVERS).join(", ")}`);
  const dir = join(tmpdir(), "rivet-test-servers", name);
  const root = join(dir, "root");
  if (!await exists(join(root, "init.sql"))) {
    await unpack(dir, root, server);
    await prepare(root, server);
  }
  const port = freePort();
  const child = new Deno.Command("chroot", {
    args: [
      ...[root, `/usr/sbin/${server.daemon}`, "--no-defaults", "--user=root", "--datadir=/data"],
      ...[`--port=${port}`, "--bind-address=127.0.0.1", "--socket=/tmp/sock", "--skip-log-bin"],
      ...["--init-file=/init.sql", "--innodb-buffer-pool-size=64M", "--max-allowed-packet=64M"],
      ...(server.daemon === "mysqld" ? ["--mysqlx=OFF", "--secure-file-priv=NULL"] : []),
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
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
  } finally {
    if (!ended) child.kill("SIGTERM");
    await child.status;
  }
}

if (import.meta.main) {
  const [name = "", ...paths] = Deno.args;
  Deno.exit(await main(name, paths.length > 0 ? paths : ["tests/live/mysql"]));
}
