/**
 * One connection: statements in the simple protocol, COPY and FETCH as raw bytes, cancellation.
 *
 * postgres.js speaks the protocol over a socket that is opened here. It would reconnect by itself and go
 * on in the middle of what was a transaction; here a lost connection stays lost.
 */
import type net from "node:net";
import postgres from "postgres";
import { SourceError } from "../../../core/base/errors.ts";
import { interrupted } from "../../../core/base/wait.ts";
import { type BackendKey, requestCancel } from "./cancel.ts";
import { CopyStream } from "./copy_stream.ts";
import { readDescription, type ResultField } from "./describe_fields.ts";
import { classify } from "./errors.ts";
import type { ConnectionSettings } from "./settings.ts";
import { openSocket } from "./tls.ts";

/** A row of a result, each field as the bytes that came. */
export type RawRow = readonly (Uint8Array | null)[];

type Client = postgres.Sql<Record<string, never>>;
type Query = ReturnType<Client["unsafe"]>;

export interface ConnectionOptions {
  readonly applicationName: string;
  readonly signal?: AbortSignal;
}

const utf8 = new TextDecoder();
/** A server that does not answer a goodbye is left after this. */
const CLOSE_TIMEOUT_S = 2;

export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #socket: net.Socket;
  readonly #client: Client;
  #given = false;
  #key: BackendKey | null = null;
  #lost = false;
  /** Rejects when the socket closes: postgres.js forgets statements that were sent after an error. */
  readonly #hangUp: Promise<never>;
  #closing: Promise<void> | null = null;
  /** When the statement that runs was sent; null when none does. */
  #runningSince: number | null = null;

  private constructor(
    settings: ConnectionSettings,
    socket: net.Socket,
    options: ConnectionOptions,
  ) {
    this.#settings = settings;
    this.#socket = socket;
    const { promise, reject } = Promise.withResolvers<never>();
    this.#hangUp = promise;
    promise.catch(() => {/* Concerns only a statement that is under way. */});
    socket.once("close", () => {
      this.#lost = true;
      reject(lostError());
    });
    this.#client = makeClient(settings, options, () => this.#giveSocket());
  }

  /** Connects and authenticates. */
  static async open(
    settings: ConnectionSettings,
    options: ConnectionOptions,
  ): Promise<Connection> {
    let socket: net.Socket;
    try {
      socket = await openSocket(settings, options.signal);
    } catch (error) {
      if (options.signal?.aborted) throw interrupted();
      throw classify(error, { address: addressOf(settings), statementTimeoutMs: 0, elapsedMs: 0 });
    }
    const connection = new Connection(settings, socket, options);
    try {
      await connection.#start();
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Of the transaction; for telling why a statement was cancelled. 0: none. */
  statementTimeoutMs = 0;

  /** Authenticates, which postgres.js does with the first statement. */
  async #start(): Promise<void> {
    await this.#run("SELECT 1", async (query) => {
      this.#key = (await query).state;
    });
  }

  /** Runs statements whose rows do not matter. */
  async exec(sql: string): Promise<void> {
    await this.#run(sql, (query) => query);
  }

  /** The rows of one statement, every value as the server's text. */
  async rows(sql: string): Promise<(string | null)[][]> {
    const rows: (string | null)[][] = [];
    await this.forEachRow(sql, (row) => {
      rows.push(row.map((field) => field === null ? null : utf8.decode(field)));
    });
    return rows;
  }

  /** Calls `onRow` as rows arrive; its bytes are valid during the call only. Returns the row count. */
  async forEachRow(sql: string, onRow: (row: RawRow) => void): Promise<number> {
    let count = 0;
    // Rows keep coming after a failed one; the failure is reported when the statement is over.
    let failure: { readonly error: unknown } | null = null;
    await this.#run(sql, (query) => {
      return query.raw().forEach((row) => {
        count++;
        if (failure !== null) return;
        try {
          onRow(row as unknown as RawRow);
        } catch (error) {
          failure = { error };
        }
      });
    });
    if (failure !== null) throw (failure as { error: unknown }).error;
    return count;
  }

  /** The result columns of one statement, with the type modifiers that postgres.js leaves out. */
  async fields(sql: string): Promise<readonly ResultField[]> {
    return await readDescription(this.#socket, () => this.exec(sql));
  }

  /** Starts a COPY TO STDOUT. Its stream must be read to the end or dropped before the next statement. */
  async copyOut(sql: string): Promise<CopyStream> {
    this.#checkAlive();
    const query = this.#client.unsafe(sql);
    this.#runningSince = performance.now();
    try {
      const stream = await Promise.race([query.readable(), this.#hangUp]);
      return new CopyStream(stream, (error) => {
        // postgres.js may have left the socket paused for pieces that were still to be read.
        this.#socket.resume();
        if (error !== null) return this.#failed(error);
        this.#runningSince = null;
        return null;
      });
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /**
   * Asks the server to cancel the running statement, over a connection of its own as the protocol wants.
   * Does nothing when no statement runs.
   */
  async cancel(): Promise<void> {
    if (this.#runningSince === null || this.#key === null || this.#lost) return;
    await requestCancel(this.#settings, this.#key);
  }

  /** Idempotent; never throws. A statement that still runs is cancelled. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.cancel();
    } catch {
      // The server notices the closed connection as soon as it sends the next row.
    }
    const closed = this.#lost ? Promise.resolve() : new Promise<void>((resolve) => {
      this.#socket.once("close", () => resolve());
    });
    try {
      await this.#client.end({
        timeout: this.#lost || this.#runningSince !== null ? 0 : CLOSE_TIMEOUT_S,
      });
    } catch {
      // The connection is gone, which is what was wanted.
    }
    this.#socket.destroy();
    await closed;
  }

  async #run(sql: string, start: (query: Query) => PromiseLike<unknown>): Promise<void> {
    this.#checkAlive();
    const query = this.#client.unsafe(sql);
    this.#runningSince = performance.now();
    try {
      await Promise.race([start(query), this.#hangUp]);
      this.#runningSince = null;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #checkAlive(): void {
    if (!this.#lost && this.#closing === null) return;
    throw new SourceError(
      "SOURCE_DISCONNECTED",
      `the connection to PostgreSQL at ${addressOf(this.#settings)} is closed`,
      { category: "disconnect" },
    );
  }

  #failed(error: unknown): Error {
    const since = this.#runningSince ?? performance.now();
    this.#runningSince = null;
    return classify(error, {
      address: addressOf(this.#settings),
      statementTimeoutMs: this.statementTimeoutMs,
      elapsedMs: performance.now() - since,
    });
  }

  /** The socket for postgres.js, which asks again to replace one that was lost. */
  #giveSocket(): Promise<net.Socket> {
    if (!this.#given && !this.#lost) {
      this.#given = true;
      return Promise.resolve(this.#socket);
    }
    return Promise.reject(lostError());
  }
}

function lostError(): Error {
  const error = new Error("the server closed the connection");
  return Object.assign(error, { code: "CONNECTION_CLOSED" });
}

function addressOf(settings: ConnectionSettings): string {
  const { host, port } = settings;
  return host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : `${host}:${port}`;
}

function makeClient(
  settings: ConnectionSettings,
  { applicationName }: ConnectionOptions,
  socket: () => Promise<net.Socket>,
): Client {
  const options = {
    host: settings.host,
    port: settings.port,
    user: settings.user,
    // A function: an empty string would make postgres.js look for PGPASSWORD.
    password: () => settings.password,
    database: settings.database,
    ssl: false,
    socket,
    max: 1,
    // Unnamed statements only: a transaction pooler forgets named ones.
    prepare: false,
    fetch_types: false,
    max_lifetime: null,
    connect_timeout: settings.connectTimeoutS,
    onnotice: () => {},
    connection: {
      application_name: applicationName,
      ...(settings.options === undefined ? {} : { options: settings.options }),
    },
  };
  return postgres(options);
}
