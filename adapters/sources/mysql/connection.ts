/**
 * One connection: statements in the text protocol, rows as raw packets, cancellation.
 *
 * mysql2 speaks the protocol. The rows of a stream are taken from the socket before it parses them.
 */
import { RivetError, SourceError } from "../../../core/base/errors.ts";
import { interrupted } from "../../../core/base/wait.ts";
import { SilenceWatch } from "../kit/silence.ts";
import { protocolSteps } from "../kit/steps.ts";
import { quoteIdentifier } from "./dialect.ts";
import { type Driver, type DriverSocket, explained, makeDriver, socketOf } from "./driver.ts";
import { tellPackets } from "./driver_steps.ts";
import { classify, SILENT } from "./errors.ts";
import type { NativeField } from "./fields.ts";
import { type RowTaker, RowTap } from "./row_tap.ts";
import { addressOf, type ConnectionSettings } from "./settings.ts";
import { labelled, tooLong } from "./statement.ts";

export interface StreamHandlers extends RowTaker {
  /** The result's columns, before the first row. */
  fields(fields: readonly NativeField[]): void;
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
  /** Longest silence of a server that owes an answer; 0: no limit. */
  readonly networkTimeoutS: number;
  readonly signal?: AbortSignal;
}

const utf8 = new TextDecoder();
/** ER_STATEMENT_TIMEOUT */
const STATEMENT_TIMEOUT = 1969;
/** A server that does not answer a goodbye is left after this. */
const GOODBYE_MS = 2000;
/** A kill needs a login, for which a busy server takes its time; a statement that is left alone runs on. */
const KILL_MS = 5000;
/** Another connection, for a kill or to ask what a silent server does, is there by then or of no use. */
const ASIDE_TIMEOUT_S = 10;

type Fail = (error: Error) => void;

export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #options: ConnectionOptions;
  readonly #driver: Driver;
  /** Below TLS: what arrives here is a sign of life. */
  readonly #socket: DriverSocket;
  readonly #silence: SilenceWatch;
  readonly #onAbort = () => void this.#interrupt();
  #lost: Error | null = null;
  readonly #closed = Promise.withResolvers<void>();
  #closing: Promise<void> | null = null;
  #receivedBytes = 0;
  /** What waits for the server; mysql2 does not tell all of it when the connection breaks. */
  readonly #waiting = new Set<Fail>();
  /** A stream's reader ends it by itself. */
  #streaming = false;
  /** The server owes nothing to a reader that does not read. */
  #paused = false;
  readonly encrypted: boolean;
  /** Of every statement; for telling why one was ended. 0: none. */
  statementTimeoutS = 0;
  /** The server's `max_allowed_packet`. It hangs up on a longer statement, often before it says why. */
  maxPacketBytes = Infinity;

  private constructor(settings: ConnectionSettings, options: ConnectionOptions, encrypt: boolean) {
    this.#settings = settings;
    this.#options = options;
    this.encrypted = encrypt;
    this.#driver = makeDriver(settings, options.applicationName, encrypt);
    const steps = protocolSteps(options.applicationName);
    if (steps !== null) tellPackets(this.#driver, steps);
    this.#driver.on("error", (error) => this.#onLost(error));
    this.#driver.on("end", () => this.#onLost(lostError("the server closed the connection")));
    this.#socket = socketOf(this.#driver);
    this.#socket.once("close", () => {
      this.#onLost(lostError("the server closed the connection"));
      this.#closed.resolve();
    });
    const { networkTimeoutS } = options;
    this.#silence = new SilenceWatch({
      limitMs: networkTimeoutS * 1000,
      goOn: () => this.#isWorking(),
      give: () => {
        const message = `nothing came from the server for ${networkTimeoutS} s`;
        this.#onLost(Object.assign(new Error(message), { code: SILENT }));
        this.#socket.destroy();
      },
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
    if (signal?.aborted) throw interrupted();
    const connection = new Connection(settings, options, encrypt);
    signal?.addEventListener("abort", connection.#onAbort, { once: true });
    // The driver's own limit ends with the server's first packet.
    const { connectTimeoutS } = settings;
    const timer = setTimeout(() => {
      const message = `the login took longer than ${connectTimeoutS} s`;
      connection.#onLost(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
    }, connectTimeoutS * 1000);
    try {
      await connection.#wait<void>((resolve, reject) =>
        connection.#driver.connect((error) => error === null ? resolve() : reject(error))
      );
    } catch (error) {
      await connection.close();
      throw connection.#classified(
        await explained(error as Error, settings, ASIDE_TIMEOUT_S * 1000),
      );
    } finally {
      clearTimeout(timer);
    }
    connection.#socket.on("data", (bytes) => {
      connection.#receivedBytes += bytes.length;
      if (connection.#waiting.size > 0 && !connection.#paused) connection.#silence.begin();
    });
    return connection;
  }

  /** What `start` settles, or the connection's end does. */
  #wait<T>(start: (resolve: (value: T) => void, reject: Fail) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const settled = () => {
        this.#waiting.delete(fail);
        if (this.#waiting.size === 0) this.#silence.rest();
      };
      const fail: Fail = (error) => {
        settled();
        reject(error);
      };
      this.#waiting.add(fail);
      start((value) => {
        settled();
        resolve(value);
      }, fail);
    });
  }

  /** Runs a statement whose rows do not matter. */
  async exec(sql: string): Promise<void> {
    await this.query(sql);
  }

  get settings(): ConnectionSettings {
    return this.#settings;
  }

  /** Makes the settings' database the one of names without one. */
  async useDatabase(): Promise<void> {
    const { database } = this.#settings;
    if (database !== "") await this.exec(`USE ${quoteIdentifier(database)}`);
  }

  /** Runs a statement and keeps its rows: for small results. */
  query(sql: string): Promise<ResultSet> {
    return this.queryUnlabelled(labelled(sql, this.#options.applicationName));
  }

  /** Sends exactly this text. */
  async queryUnlabelled(sql: string): Promise<ResultSet> {
    this.#checkAlive();
    this.#checkLength(sql);
    const answer = this.#wait<ResultSet>((resolve, reject) => {
      const onResult = (error: Error | null, rows: unknown, fields: unknown) => {
        if (error !== null) return reject(error);
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
    this.#silence.begin();
    try {
      return await answer;
    } catch (error) {
      throw this.#classified(error as Error);
    }
  }

  /** Starts a statement. It must be read to its end, or cancelled, before the next one. */
  stream(sql: string, handlers: StreamHandlers): RowStream {
    this.#checkAlive();
    this.#checkLength(sql);
    const driver = this.#driver;
    const socket = socketOf(driver);
    const done = this.#wait<void>((resolve, reject) => {
      const query = driver.query({ sql: labelled(sql, this.#options.applicationName) });
      const tap = new RowTap(driver, query, handlers, (error) => {
        this.#onLost(error);
        this.#socket.destroy();
      });
      query.on("fields", (fields: readonly NativeField[]) => handlers.fields(fields));
      query.on("error", reject);
      query.on("end", () => {
        tap.remove();
        if (tap.reached) resolve();
        else {reject(
            new RivetError("INTERNAL", "mysql2 made rows by itself; its internals changed"),
          );}
      });
    }).catch((error) => {
      throw this.#classified(error);
    }).finally(() => {
      if (this.#paused) socket.resume();
      this.#streaming = this.#paused = false;
    });
    // It may fail before anybody waits for it.
    done.catch(() => {});
    this.#streaming = true;
    this.#silence.begin();
    return {
      pause: () => {
        this.#paused = true;
        this.#silence.rest();
        socket.pause();
      },
      resume: () => {
        this.#paused = false;
        if (this.#waiting.size > 0) this.#silence.begin();
        socket.resume();
      },
      done,
    };
  }

  /** Asks the server, over a connection of its own, to end the statement that runs here. */
  async cancel(): Promise<void> {
    if (this.#lost !== null) return;
    const { threadId } = this.#driver;
    await this.#aside((other) => other.exec(`KILL QUERY ${threadId}`));
  }

  /** Does something over a connection of its own. */
  async #aside<T>(work: (other: Connection) => Promise<T>): Promise<T> {
    const limitS = (limit: number) => Math.min(limit, ASIDE_TIMEOUT_S);
    const { applicationName, networkTimeoutS } = this.#options;
    const settings = { ...this.#settings, connectTimeoutS: limitS(this.#settings.connectTimeoutS) };
    const other = await Connection.open(settings, {
      applicationName,
      networkTimeoutS: limitS(networkTimeoutS || ASIDE_TIMEOUT_S),
    });
    try {
      return await work(other);
    } finally {
      await other.close();
    }
  }

  /**
   * Whether the server is at work on the statement that it says nothing of. One that waits for this client to
   * take rows is not: what it sends does not arrive.
   */
  async #isWorking(): Promise<boolean> {
    const { threadId } = this.#driver;
    try {
      const { rows } = await this.#aside((other) =>
        other.query(
          "SELECT 1 FROM information_schema.PROCESSLIST " +
            `WHERE ID = ${threadId} AND COMMAND = 'Query' AND STATE NOT LIKE '%to client%'`,
        )
      );
      return rows.length > 0;
    } catch {
      return false;
    }
  }

  /** The run was told to stop. */
  async #interrupt(): Promise<void> {
    if (this.#streaming || this.#waiting.size === 0) return;
    await this.#abandon(interrupted());
    this.#socket.destroy();
  }

  /** Gives the server's session back as it was: a proxy may hand it to somebody else (best effort). */
  async reset(): Promise<void> {
    if (this.#lost !== null || this.#closing !== null || this.#waiting.size > 0) return;
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
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#lost === null && this.#waiting.size > 0) {
      await this.#abandon(lostError("it was closed"));
    } else if (this.#lost === null) {
      const answered = new Promise<void>((resolve) => this.#driver.end(() => resolve()));
      await Promise.race([answered, timeout(GOODBYE_MS)]);
    }
    this.#silence.rest();
    this.#socket.destroy();
    if (!this.#socket.closed) await Promise.race([this.#closed.promise, timeout(GOODBYE_MS)]);
  }

  /** A server notices a closed socket only when it writes to it: what runs is cancelled first. */
  async #abandon(error: Error): Promise<void> {
    try {
      // Without a thread there is no statement yet.
      if (this.#driver.threadId) await Promise.race([this.cancel(), timeout(KILL_MS)]);
    } catch {
      // Nobody can reach the server any more; the socket is closed all the same.
    }
    this.#onLost(error);
  }

  /** What a statement fails with that kept its reader waiting for longer than it may. */
  statementTimedOut(): RivetError {
    const message = `the rows of a statement took longer than ${this.statementTimeoutS} s`;
    return this.#classified(Object.assign(new Error(message), { errno: STATEMENT_TIMEOUT }));
  }

  /** All that has come; 0 once the run was told to stop, which waits for nothing. */
  get receivedBytes(): number {
    return this.#options.signal?.aborted ? 0 : this.#receivedBytes;
  }

  /** Ends the connection at once, whatever the server is doing. */
  destroy(): void {
    this.#onLost(lostError("it was given up"));
    this.#socket.destroy();
  }

  #onLost(error: Error): void {
    this.#lost ??= error;
    this.#silence.rest();
    for (const fail of this.#waiting) fail(this.#lost);
  }

  #checkAlive(): void {
    if (this.#options.signal?.aborted) throw interrupted();
    if (this.#lost === null && this.#closing === null) return;
    if (this.#lost instanceof RivetError) throw this.#lost;
    const why = this.#lost === null ? "" : `: ${this.#lost.message}`;
    throw new SourceError(
      "SOURCE_DISCONNECTED",
      `the connection to MySQL at ${addressOf(this.#settings)} is closed${why}`,
      { category: "disconnect", cause: this.#lost ?? undefined },
    );
  }

  #checkLength(sql: string): void {
    const error = tooLong(sql, this.maxPacketBytes);
    if (error !== null) throw this.#classified(error);
  }

  #classified(error: Error): RivetError {
    // A statement that was ended for it says so in words of its own.
    if (this.#options.signal?.aborted) return interrupted();
    return classify(error, {
      address: addressOf(this.#settings),
      statementTimeoutS: this.statementTimeoutS,
    });
  }
}

function lostError(message: string): Error {
  return Object.assign(new Error(message), { code: "PROTOCOL_CONNECTION_LOST" });
}

/** A wait that keeps no process alive. */
async function timeout(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.unrefTimer(setTimeout(resolve, ms));
  await promise;
}
