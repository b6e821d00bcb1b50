/**
 * One connection: statements in the text protocol, rows as raw packets, cancellation.
 *
 * mysql2 speaks the protocol. Rows of a stream are taken from its packets before it makes values of
 * them; a test pins the places in the driver that this depends on.
 */
import mysql from "mysql2";
import { RivetError, SourceError } from "../../../core/base/errors.ts";
import { quoteIdentifier } from "./dialect.ts";
import { classify } from "./errors.ts";
import type { NativeField } from "./native.ts";
import { addressOf, type ConnectionSettings } from "./settings.ts";
import { isUpgradable, tlsOptions, upgradeWith } from "./tls.ts";

/** A row as it came: length-encoded fields in `[start, end)` of `bytes`, valid during the call only. */
export type OnRow = (bytes: Uint8Array, start: number, end: number) => void;

export interface StreamHandlers {
  /** The result's columns, before the first row. */
  readonly fields: (fields: readonly NativeField[]) => void;
  readonly row: OnRow;
}

/** A statement whose rows are arriving. */
export interface RowStream {
  pause(): void;
  resume(): void;
  /** Settles when the last row has been handed over; rejects with a classified error. */
  readonly done: Promise<void>;
}

export interface ResultSet {
  readonly fields: readonly NativeField[];
  /** Every value as the server's text. */
  readonly rows: (string | null)[][];
}

export interface ConnectionOptions {
  readonly applicationName: string;
  readonly signal?: AbortSignal;
}

/** mysql2's packet of a row (`lib/packets/packet.js`). */
interface DriverPacket {
  readonly buffer: Uint8Array;
  readonly offset: number;
  readonly end: number;
}

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();
/** ER_NET_PACKET_TOO_LARGE */
const PACKET_TOO_LARGE = 1153;
/** ER_STATEMENT_TIMEOUT */
const STATEMENT_TIMEOUT = 1969;
/** A server that does not answer a goodbye or a kill is left after this. */
const GOODBYE_MS = 2000;

type Driver = mysql.Connection;

export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #options: ConnectionOptions;
  readonly #driver: Driver;
  #lost: Error | null = null;
  readonly #closed = Promise.withResolvers<void>();
  #closing: Promise<void> | null = null;
  /** Fails the stream that is open; mysql2 tells only the connection when it breaks. */
  #failStream: ((error: Error) => void) | null = null;
  /** Statements that the server has not finished. */
  #running = 0;
  /** Of every statement; for telling why one was ended. 0: none. */
  statementTimeoutS = 0;
  /** The server's `max_allowed_packet`. It hangs up on a longer statement, often before it says why. */
  maxPacketBytes = Infinity;

  private constructor(settings: ConnectionSettings, options: ConnectionOptions, encrypt: boolean) {
    this.#settings = settings;
    this.#options = options;
    this.#driver = makeDriver(settings, options, encrypt);
    this.#driver.on("error", (error) => this.#onLost(error));
    this.#driver.on("end", () => this.#onLost(lostError("the server closed the connection")));
    socketOf(this.#driver).once("close", () => {
      this.#onLost(lostError("the server closed the connection"));
      this.#closed.resolve();
    });
  }

  /** Connects and authenticates. */
  static async open(settings: ConnectionSettings, options: ConnectionOptions): Promise<Connection> {
    const { mode } = settings.tls;
    try {
      return await Connection.#open(settings, options, mode !== "disable");
    } catch (error) {
      const plainOnly = error instanceof RivetError &&
        error.nativeCode === "HANDSHAKE_NO_SSL_SUPPORT";
      if (mode !== "prefer" || !plainOnly) throw error;
      return await Connection.#open(settings, options, false);
    }
  }

  static async #open(
    settings: ConnectionSettings,
    options: ConnectionOptions,
    encrypt: boolean,
  ): Promise<Connection> {
    const { signal } = options;
    signal?.throwIfAborted();
    const connection = new Connection(settings, options, encrypt);
    const onAbort = () => connection.#onLost(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        connection.#failStream = reject;
        connection.#driver.connect((error) => error === null ? resolve() : reject(error));
      });
      return connection;
    } catch (error) {
      await connection.close();
      if (signal?.aborted) throw signal.reason;
      throw classify(error, { address: addressOf(settings), statementTimeoutS: 0 });
    } finally {
      connection.#failStream = null;
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Runs a statement whose rows do not matter. */
  async exec(sql: string): Promise<void> {
    await this.query(sql);
  }

  /** Makes the settings' database the one of names without one. */
  async useDatabase(): Promise<void> {
    await this.exec(`USE ${quoteIdentifier(this.#settings.database)}`);
  }

  /** Runs a statement and keeps its rows: for small results. */
  query(sql: string): Promise<ResultSet> {
    return this.queryUnlabelled(this.#labelled(sql));
  }

  /** Sends exactly this text. */
  queryUnlabelled(sql: string): Promise<ResultSet> {
    this.#checkAlive();
    this.#checkLength(sql);
    this.#running++;
    return new Promise((resolve, reject) => {
      const onResult = (error: Error | null, rows: unknown, fields: unknown) => {
        this.#running--;
        if (error !== null) return reject(this.#classified(error));
        // A statement without a result has an object of counts instead of rows.
        if (!Array.isArray(fields)) return resolve({ fields: [], rows: [] });
        resolve({
          fields: fields as NativeField[],
          rows: (rows as (Uint8Array | null)[][]).map((row) =>
            row.map((value) => value === null ? null : utf8.decode(value))
          ),
        });
      };
      this.#driver.query({ sql }, onResult);
    });
  }

  /** Starts a statement. It must be read to its end, or cancelled, before the next one. */
  stream(sql: string, handlers: StreamHandlers): RowStream {
    this.#checkAlive();
    this.#checkLength(sql);
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    // It may fail before anybody waits for it.
    done.catch(() => {});
    const driver = this.#driver;
    this.#running++;
    const query = driver.query({ sql: this.#labelled(sql) });
    const taken = takeRows(query, handlers.row);
    let finished = false;
    const finish = (error: Error | null) => {
      // mysql2 tells of the end of a failed statement too.
      if (finished) return;
      finished = true;
      this.#running--;
      this.#failStream = null;
      if (error !== null) reject(this.#classified(error));
      else if (taken()) resolve();
      else reject(new RivetError("INTERNAL", "mysql2 made rows by itself; its internals changed"));
    };
    this.#failStream = finish;
    query.on("fields", handlers.fields);
    query.on("error", finish);
    query.on("end", () => finish(null));
    return { pause: () => driver.pause(), resume: () => driver.resume(), done };
  }

  /** Asks the server, over a connection of its own, to end the statement that runs here. */
  async cancel(): Promise<void> {
    if (this.#lost !== null) return;
    const { applicationName } = this.#options;
    const other = await Connection.open(this.#settings, { applicationName });
    try {
      await other.exec(`KILL QUERY ${this.#driver.threadId}`);
    } finally {
      await other.close();
    }
  }

  /** Gives the server's session back as it was: a proxy may hand it to somebody else (best effort). */
  async reset(): Promise<void> {
    if (this.#lost !== null || this.#closing !== null || this.#running > 0) return;
    const answered = new Promise<void>((resolve) => {
      // Closing the connection is the reset when this one is not understood.
      this.#driver.reset(() => resolve());
    });
    await Promise.race([answered, timeout(GOODBYE_MS)]);
  }

  /** Idempotent; never throws. Returns when the socket is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const socket = socketOf(this.#driver);
    if (this.#lost === null && this.#running > 0) await this.#abandon();
    else if (this.#lost === null) {
      const answered = new Promise<void>((resolve) => this.#driver.end(() => resolve()));
      await Promise.race([answered, timeout(GOODBYE_MS)]);
    }
    socket.destroy();
    if (!socket.closed) await Promise.race([this.#closed.promise, timeout(GOODBYE_MS)]);
  }

  /** A server notices a closed socket only when it writes to it: what runs is cancelled first. */
  async #abandon(): Promise<void> {
    try {
      await Promise.race([this.cancel(), timeout(GOODBYE_MS)]);
    } catch {
      // Nobody can reach the server any more; the socket is closed all the same.
    }
    this.#onLost(lostError("it was closed"));
  }

  /** What a statement fails with that kept its reader waiting for longer than it may. */
  statementTimedOut(): RivetError {
    const message = `the rows of a statement took longer than ${this.statementTimeoutS} s`;
    return this.#classified(Object.assign(new Error(message), { errno: STATEMENT_TIMEOUT }));
  }

  /** Ends the connection at once, whatever the server is doing. */
  destroy(): void {
    this.#onLost(lostError("it was given up"));
    socketOf(this.#driver).destroy();
  }

  #onLost(error: Error): void {
    this.#lost ??= error;
    this.#failStream?.(error);
  }

  /** The name as a comment: MariaDB's process list shows nothing else of who asks. */
  #labelled(sql: string): string {
    return `/* ${this.#options.applicationName.replaceAll("*/", "* /")} */ ${sql}`;
  }

  #checkAlive(): void {
    if (this.#lost === null && this.#closing === null) return;
    throw new SourceError(
      "SOURCE_DISCONNECTED",
      `the connection to MySQL at ${addressOf(this.#settings)} is closed`,
      { category: "disconnect", cause: this.#lost ?? undefined },
    );
  }

  #checkLength(sql: string): void {
    // Three bytes a UTF-16 unit at most; the packet has a byte for its command.
    if (sql.length * 3 < this.maxPacketBytes) return;
    const bytes = utf8Encoder.encode(sql).length + 1;
    if (bytes <= this.maxPacketBytes) return;
    throw this.#classified(
      Object.assign(
        new Error(`a statement of ${bytes} bytes is above the limit of ${this.maxPacketBytes}`),
        { errno: PACKET_TOO_LARGE },
      ),
    );
  }

  #classified(error: Error): RivetError {
    return classify(error, {
      address: addressOf(this.#settings),
      statementTimeoutS: this.statementTimeoutS,
    });
  }
}

function lostError(message: string): Error {
  return Object.assign(new Error(message), { code: "PROTOCOL_CONNECTION_LOST" });
}

function socketOf(driver: Driver): { readonly closed: boolean; destroy(): void; once: Once } {
  return (driver as unknown as { stream: { closed: boolean; destroy(): void; once: Once } }).stream;
}

type Once = (event: "close", listener: () => void) => void;

/** A wait that keeps no process alive. */
async function timeout(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.unrefTimer(setTimeout(resolve, ms));
  await promise;
}

/**
 * Makes mysql2 hand its row packets to `row` instead of decoding them (`Query.row` in
 * `lib/commands/query.js` calls `_rowParser.next` for each). Returns whether it did as expected.
 */
function takeRows(query: object, row: OnRow): () => boolean {
  let replaced = false;
  const parser = { next: (packet: DriverPacket) => row(packet.buffer, packet.offset, packet.end) };
  Object.defineProperty(query, "_rowParser", {
    get: () => parser,
    set: () => replaced = true,
  });
  return () => replaced;
}

function makeDriver(
  settings: ConnectionSettings,
  { applicationName }: ConnectionOptions,
  encrypt: boolean,
): Driver {
  const tls = encrypt ? tlsOptions(settings.host, settings.tls) : null;
  const { host, port, socket } = settings;
  const driver = mysql.createConnection({
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    user: settings.user,
    password: settings.password,
    database: settings.database,
    connectTimeout: settings.connectTimeoutS * 1000,
    charset: "utf8mb4",
    rowsAsArray: true,
    typeCast: false,
    // A server must not be able to ask for local files, nor a client flag change how SQL is parsed.
    flags: ["-LOCAL_FILES", "-IGNORE_SPACE", "-ODBC"],
    connectAttributes: { program_name: applicationName },
    ...(tls === null ? {} : { ssl: { rejectUnauthorized: tls.rejectUnauthorized } }),
  });
  if (tls !== null) {
    if (!isUpgradable(driver)) {
      throw new RivetError("INTERNAL", "mysql2 cannot be upgraded to TLS; its internals changed");
    }
    upgradeWith(driver, tls);
  }
  return driver;
}
