/**
 * A real SQL Server for the live suite: the one that RIVET_TEST_MSSQL_URL names, with a login that may
 * create databases (`docker compose --profile mssql up -d` starts one). It cannot be installed by the
 * tests; without the variable the suite is not registered, and says so.
 */
import { Connection, Request } from "tedious";

const URL_VARIABLE = "RIVET_TEST_MSSQL_URL";

/** Registers a test of the live suite, where there is a server for it. */
export function mssqlTest(
  name: string,
  fn: (t: Deno.TestContext, url: URL) => Promise<void>,
): void {
  const text = Deno.env.get(URL_VARIABLE);
  if (text === undefined || text === "") {
    console.log(
      `not registered: ${name} (needs ${URL_VARIABLE}=sqlserver://user:password@host:1433/master)`,
    );
    return;
  }
  Deno.test(name, (t) => fn(t, new URL(text)));
}

function connect(url: URL, database: string): Promise<Connection> {
  const connection = new Connection({
    server: url.hostname,
    authentication: {
      type: "default",
      options: {
        userName: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
      },
    },
    options: {
      port: Number(url.port || 1433),
      database,
      encrypt: true,
      trustServerCertificate: true,
      requestTimeout: 0,
    },
  });
  return new Promise((resolve, reject) => {
    connection.connect((error) => error ? reject(error) : resolve(connection));
  });
}

function batch(connection: Connection, sql: string): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  return new Promise((resolve, reject) => {
    const request = new Request(sql, (error) => error ? reject(error) : resolve(rows));
    request.on("row", (cells: { value: unknown }[]) => {
      rows.push(cells.map(({ value }) => value === null ? null : String(value)));
    });
    connection.execSqlBatch(request);
  });
}

/** A session of the administrator. */
export interface AdminSession {
  sql(text: string): Promise<(string | null)[][]>;
  close(): void;
}

export async function openSession(url: URL, database: string): Promise<AdminSession> {
  const connection = await connect(url, database);
  return { sql: (text) => batch(connection, text), close: () => connection.close() };
}

/** A database of its own, dropped at the end. */
export async function withDatabase(
  url: URL,
  work: (name: string, admin: AdminSession) => Promise<void>,
): Promise<void> {
  const name = `rivet_test_${crypto.randomUUID().slice(0, 8)}`;
  const master = await openSession(url, "master");
  try {
    await master.sql(`CREATE DATABASE ${name}`);
    await master.sql(`ALTER DATABASE ${name} SET ALLOW_SNAPSHOT_ISOLATION ON`);
    const admin = await openSession(url, name);
    try {
      await work(name, admin);
    } finally {
      admin.close();
      await master.sql(
        `ALTER DATABASE ${name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE ${name}`,
      );
    }
  } finally {
    master.close();
  }
}
