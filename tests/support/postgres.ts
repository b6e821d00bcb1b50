/**
 * A PostgreSQL for tests: that of RIVET_TEST_POSTGRES_URL, else one started from the binaries found on
 * this machine, else the embedded one. Whoever asks for a server stops it.
 */
import postgres from "postgres";
import { startLocalPostgres } from "./local_postgres.ts";
import { startPglite } from "./pglite.ts";

export interface TestServer {
  /** With a role that may create databases, unless the server is the embedded one. */
  readonly url: string;
  /** For the log, e.g. `PostgreSQL of /usr/lib/postgresql/15/bin`. */
  readonly description: string;
  /** Idempotent. Leaves a server that was already there alone. */
  stop(): Promise<void>;
}

export interface TestDatabase {
  readonly url: string;
  /** Runs statements in one session that prints values as Rivet's sessions do; the last one's rows as text. */
  sql(text: string): Promise<(string | null)[][]>;
  drop(): Promise<void>;
}

export async function testPostgres(): Promise<TestServer> {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (url !== undefined && url !== "") {
    return {
      url,
      description: "the PostgreSQL of RIVET_TEST_POSTGRES_URL",
      stop: () => Promise.resolve(),
    };
  }
  return await startLocalPostgres() ?? await startPglite();
}

const SETTINGS = [
  "SET TimeZone = 'UTC'",
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'iso_8601'",
  "SET extra_float_digits = 3",
  "SET bytea_output = 'hex'",
].join("; ");

const utf8 = new TextDecoder();

/** A session as text in, text out. */
class Session {
  readonly #client: postgres.Sql;
  #ready: Promise<unknown> | null = null;

  constructor(url: string) {
    this.#client = postgres(url, { max: 1, prepare: false, fetch_types: false, onnotice() {} });
  }

  async sql(text: string): Promise<(string | null)[][]> {
    this.#ready ??= this.#client.unsafe(SETTINGS);
    await this.#ready;
    // Several statements give an array of results, each with its command's name.
    const result: unknown = await this.#client.unsafe(text).raw();
    const results = result as readonly unknown[];
    const last = (isResult(results[0]) ? results.at(-1) : result) as (Uint8Array | null)[][];
    return [...last].map((row) =>
      [...row].map((field) => field === null ? null : utf8.decode(field))
    );
  }

  end(): Promise<void> {
    return this.#client.end({ timeout: 2 });
  }
}

function isResult(value: unknown): boolean {
  return Array.isArray(value) && "command" in value;
}

/**
 * A database of its own for one test file. On the embedded server: a server of its own.
 * @param options of CREATE DATABASE; the embedded server has none.
 */
export async function createDatabase(
  server: Pick<TestServer, "url">,
  options = "",
): Promise<TestDatabase> {
  const admin = new Session(server.url);
  const [[version]] = await admin.sql("SELECT version()");
  if (version?.includes("PGlite")) {
    await admin.end();
    return await embeddedDatabase();
  }
  const name = `rivet_test_${crypto.randomUUID().replaceAll("-", "")}`;
  await admin.sql(`CREATE DATABASE ${name} ${options}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const session = new Session(url.href);
  return {
    url: url.href,
    sql: (text) => session.sql(text),
    async drop() {
      await session.end();
      // DROP DATABASE ... WITH (FORCE) is there since PostgreSQL 13.
      await admin.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
      );
      await admin.sql(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}

/** A test on the embedded server; not registered where one version's own programs are tried. */
export function embeddedTest(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  if ((Deno.env.get("RIVET_TEST_POSTGRES_BIN") ?? "") === "") Deno.test(name, fn);
}

/** For tests that must also hold on the embedded server, whatever server the others use. */
export async function embeddedDatabase(): Promise<TestDatabase> {
  const server = await startPglite();
  const session = new Session(server.url);
  return {
    url: server.url,
    sql: (text) => session.sql(text),
    async drop() {
      await session.end();
      await server.stop();
    },
  };
}

/** A database of its own for as long as `work` takes, on whichever server there is. */
export async function onPostgres(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  const server = await testPostgres();
  const database = await createDatabase(server);
  try {
    await work(database);
  } finally {
    await database.drop();
    await server.stop();
  }
}

/** The same for what needs several sessions: the embedded server has one, which is said. */
export function onPostgresSessions(
  work: (database: TestDatabase) => Promise<void>,
): Promise<void> {
  return onPostgres(async (database) => {
    const [[version]] = await database.sql("SELECT version()");
    if (!version?.includes("PGlite")) return await work(database);
    console.log("not run on the embedded PostgreSQL, which has one session; install PostgreSQL");
  });
}
