/**
 * A MySQL or MariaDB for tests: that of RIVET_TEST_MYSQL_URL, else a `mariadbd` of this machine started
 * in a temporary folder, else one that apt-get installs (Debian, as root). Whoever asks for a server
 * stops it.
 */
import { delimiter, join } from "node:path";
import mysql from "mysql2/promise";

export interface TestMysql {
  /** With an account that may create databases and users. */
  readonly url: string;
  /** For the log, e.g. `MariaDB of /usr/sbin/mariadbd`. */
  readonly description: string;
  /** Idempotent. Leaves a server that was already there alone. */
  stop(): Promise<void>;
}

export interface MariadbOptions {
  /** PEM files of the server's certificate. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  /** More options of the server, e.g. `--max-connections=3`. */
  readonly args?: readonly string[];
}

const USER = "rivet";
const PASSWORD = "p%ss:w@rd/1";
const NOT_FOUND =
  "there is no MySQL to test with: install MariaDB (Debian: apt-get install mariadb-server), or set " +
  "RIVET_TEST_MYSQL_URL, or leave its tests out with RIVET_TEST_ALLOW_SKIP=mysql";

/** RIVET_TEST_ALLOW_SKIP names mysql: its tests are ignored. */
export const mysqlIsSkipped = (Deno.env.get("RIVET_TEST_ALLOW_SKIP") ?? "").split(",")
  .some((word) => word.trim().toLowerCase() === "mysql");

/** A test that needs a server. */
export function mysqlTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, ignore: mysqlIsSkipped, fn });
}

async function findBinary(...names: readonly string[]): Promise<string | null> {
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter);
  for (const folder of [...folders, "/usr/sbin", "/usr/local/sbin"]) {
    for (const name of names) {
      const path = join(folder, name);
      try {
        if (folder !== "" && (await Deno.stat(path)).isFile) return path;
      } catch {
        // The next folder may have it.
      }
    }
  }
  return null;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr, stdout } = await new Deno.Command(command, {
    args: [...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const output = new TextDecoder().decode(stderr.length > 0 ? stderr : stdout);
  if (!success) throw new Error(`${command} failed: ${output}`);
}

async function install(): Promise<void> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || await findBinary("apt-get") === null) {
    throw new Error(NOT_FOUND);
  }
  console.log("installing mariadb-server for the tests");
  try {
    await run("apt-get", ["update", "-qq"]);
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "mariadb-server"]);
  } catch (error) {
    throw new Error(NOT_FOUND, { cause: error });
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Where the server waits for connections, and the file that its first start reads. */
async function serverArguments(
  folder: string,
  port: number,
  { tls, args = [] }: MariadbOptions,
): Promise<string[]> {
  const init = join(folder, "init.sql");
  await Deno.writeTextFile(
    init,
    `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}';\n` +
      `GRANT ALL ON *.* TO '${USER}'@'%' WITH GRANT OPTION;\n`,
  );
  const certificates = tls === undefined
    ? []
    : [`--ssl-cert=${tls.cert}`, `--ssl-key=${tls.key}`, `--ssl-ca=${tls.ca}`];
  return [
    "--no-defaults",
    // The server refuses to run as root unless it is told so.
    ...(Deno.uid() === 0 ? ["--user=root"] : []),
    `--datadir=${join(folder, "data")}`,
    `--tmpdir=${folder}`,
    `--socket=${join(folder, "socket")}`,
    `--pid-file=${join(folder, "pid")}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--init-file=${init}`,
    "--skip-log-bin",
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--max-allowed-packet=64M",
    ...certificates,
    ...args,
  ];
}

async function answers(url: string): Promise<boolean> {
  try {
    const connection = await mysql.createConnection(url);
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the server answers at `url`. @throws when it ends, or says nothing for a minute. */
async function untilReady(child: Deno.ChildProcess, url: string, log: string): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  for (const deadline = Date.now() + 60_000; !await answers(url);) {
    if (ended || Date.now() > deadline) {
      throw new Error(`mariadbd did not start: ${await Deno.readTextFile(log)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Starts a server of its own, whatever RIVET_TEST_MYSQL_URL says. */
export async function startMariadb(options: MariadbOptions = {}): Promise<TestMysql> {
  if (await findBinary("mariadbd", "mysqld") === null) await install();
  const server = await findBinary("mariadbd", "mysqld");
  const installer = await findBinary("mariadb-install-db", "mysql_install_db");
  if (server === null || installer === null) throw new Error(NOT_FOUND);
  const folder = await Deno.makeTempDir({ prefix: "rivet-mariadb-" });
  const asRoot = Deno.uid() === 0 ? ["--user=root"] : [];
  await run(installer, [
    "--no-defaults",
    ...asRoot,
    `--datadir=${join(folder, "data")}`,
    // A server that starts removes the temporary tables of others from a folder they share.
    `--tmpdir=${folder}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
  ]);
  const port = freePort();
  const log = join(folder, "log");
  const args = await serverArguments(folder, port, options);
  const child = new Deno.Command(server, {
    args: [...args, `--log-error=${log}`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let stopped: Promise<void> | null = null;
  const stop = async () => {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  };
  const url = `mysql://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/mysql`;
  try {
    await untilReady(child, url, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    description: `MariaDB of ${server}`,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

export async function testMysql(): Promise<TestMysql> {
  const url = Deno.env.get("RIVET_TEST_MYSQL_URL");
  if (url === undefined || url === "") return await startMariadb();
  return {
    url,
    description: "the MySQL of RIVET_TEST_MYSQL_URL",
    stop: () => Promise.resolve(),
  };
}

export interface TestMysqlDatabase {
  readonly url: string;
  /** Runs statements in one UTC session; the last one's rows as the server's text. */
  sql(text: string): Promise<(string | null)[][]>;
  drop(): Promise<void>;
}

type Text = string | Buffer | null;

/** A database of its own for one test file. */
export async function createMysqlDatabase(
  server: Pick<TestMysql, "url">,
): Promise<TestMysqlDatabase> {
  const name = `rivet_test_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const session = await mysql.createConnection({
    uri: server.url,
    multipleStatements: true,
    rowsAsArray: true,
    charset: "utf8mb4",
    typeCast: (field) => field.buffer()?.toString() ?? null,
  });
  const sql = async (text: string): Promise<(string | null)[][]> => {
    const [result] = await session.query({ sql: text, rowsAsArray: true });
    const results = result as unknown[];
    if (!Array.isArray(results)) return [];
    // Several statements give an array of results; one without rows is an object of counts.
    const several = results.length > 0 && results.some((r) => !isRow(r));
    const last = several ? results.at(-1) : results;
    return Array.isArray(last) ? last as (string | null)[][] : [];
  };
  await sql(`CREATE DATABASE ${name} CHARACTER SET utf8mb4; USE ${name}; SET time_zone = '+00:00'`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    sql,
    async drop() {
      await sql(`DROP DATABASE ${name}`);
      await session.end();
    },
  };
}

function isRow(value: unknown): value is Text[] {
  return Array.isArray(value) &&
    value.every((field) => field === null || typeof field === "string");
}

/** A database of its own for as long as `work` takes. */
export async function onMysql(work: (database: TestMysqlDatabase) => Promise<void>): Promise<void> {
  const server = await testMysql();
  const database = await createMysqlDatabase(server);
  try {
    await work(database);
  } finally {
    await database.drop();
    await server.stop();
  }
}
