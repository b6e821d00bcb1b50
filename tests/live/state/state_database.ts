/** A place for state on the test server, gone after the test. */
import postgres from "postgres";
import { MIGRATIONS } from "../../../state/migrations.ts";
import { POSTGRES_DIALECT } from "../../../state/postgres/connection.ts";

export interface StateDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** Whatever tables the migrations create, now and later. */
export function stateTables(): string[] {
  const statements = MIGRATIONS.flatMap((m) => m.statements(POSTGRES_DIALECT.types));
  const created = statements.flatMap((s) => /^CREATE TABLE (\w+)/.exec(s)?.[1] ?? []);
  return ["schema_version", ...created];
}

function serverUrl(): string {
  const url = Deno.env.get("RIVET_TEST_POSTGRES_URL");
  if (url) return url;
  throw new Error(
    "RIVET_TEST_POSTGRES_URL is not set; `deno task test` starts a server and sets it",
  );
}

function connect(): postgres.Sql {
  return postgres(serverUrl(), { max: 1, onnotice: () => undefined });
}

/**
 * Whether the server has a session per connection. The embedded one (PGlite) answers all connections from
 * one session: it knows no other database, role, lock or search_path per connection.
 */
export async function serverHasSessions(): Promise<boolean> {
  const admin = connect();
  try {
    const [{ version }] = await admin.unsafe("SELECT version()");
    return !String(version).includes("PGlite");
  } finally {
    await admin.end();
  }
}

/** Registers the tests that need sessions, or says what it takes to run them. */
export function onSessions(hasSessions: boolean, what: string, register: () => void): void {
  if (hasSessions) return register();
  console.log(
    `${what}: not run on the embedded PostgreSQL; install PostgreSQL, or set RIVET_TEST_POSTGRES_URL`,
  );
}

export async function stateDatabase(): Promise<StateDatabase> {
  return await serverHasSessions() ? await ownDatabase() : await sharedDatabase();
}

async function ownDatabase(): Promise<StateDatabase> {
  const admin = connect();
  const name = `rivet_state_${crypto.randomUUID().replaceAll("-", "")}`;
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async drop() {
      await dropUnderSessions(admin, name);
      await admin.end();
    },
  };
}

/** As `WITH (FORCE)`, which PostgreSQL 12 does not know: sessions come back until the database is gone. */
async function dropUnderSessions(admin: postgres.Sql, name: string): Promise<void> {
  for (let tries = 1;; tries++) {
    await admin.unsafe(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
    );
    try {
      await admin.unsafe(`DROP DATABASE ${name}`);
      return;
    } catch (error) {
      const inUse = error instanceof postgres.PostgresError && error.code === "55006";
      if (!inUse || tries === 20) throw error;
    }
  }
}

/** The embedded server's only database, without state tables before and after. */
async function sharedDatabase(): Promise<StateDatabase> {
  const admin = connect();
  const clear = () => admin.unsafe(`DROP TABLE IF EXISTS ${stateTables().join(", ")} CASCADE`);
  await clear();
  return {
    url: serverUrl(),
    async drop() {
      await clear();
      await admin.end();
    },
  };
}
