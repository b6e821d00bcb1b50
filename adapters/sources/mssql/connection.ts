/**
 * One connection: batches of SQL, their rows through the row hook, flow control, cancellation.
 *
 * A lost connection stays lost: tedious would not reconnect either, and nothing here retries.
 */
import type net from "node:net";
import type { TLSSocket } from "node:tls";
import { Connection as Driver, Request } from "tedious";
import tcp from "tedious/lib/connector.js";
import { SourceError } from "../../../core/base/errors.ts";
import { interrupted } from "../../../core/base/wait.ts";
import { SilenceWatch } from "../kit/silence.ts";
import { protocolSteps } from "../kit/steps.ts";
import { StatementClock } from "../kit/statement_clock.ts";
import { GatedSocket } from "../kit/gated_socket.ts";
import { activityOf } from "./activity.ts";
import { configuration, type Connect, driverSteps } from "./driver_configuration.ts";
import { causes, classify, type ErrorContext, type ServerError } from "./errors.ts";
import type { Collation, ColumnMetadata } from "./fields.ts";
import { installRowHook, type RowSink, setRowSink } from "./row_hook.ts";
import { addressOf, type ConnectionSettings } from "./settings.ts";
import { certificateOf, certificateProblem } from "./tls.ts";
import { isUntrusted, tlsFailure } from "../kit/tls_failure.ts";

/** How long a connection that is closed or interrupted waits for its statement to be cancelled. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface ConnectionOptions {
  readonly applicationName: string;
  /** Seconds that the server may be silent while it owes an answer; 0: for ever. */
  readonly networkTimeoutS: number;
  /** Stops the login, and from then on every statement, wherever it is. */
  readonly signal?: AbortSignal;
}

/** A batch of SQL that runs. */
export interface Statement {
  /** Resolves when its last token was handled. @throws SourceError, also when it was cancelled. */
  readonly done: Promise<void>;
  /** Stops reading from the socket at the next packet, and the statement timeout with it. */
  pause(): void;
  resume(): void;
  /** Sends an attention; `done` rejects when the server has confirmed it. */
  cancel(): void;
}

interface Listeners {
  readonly onMetadata?: (metadata: readonly ColumnMetadata[]) => void;
  /** Without a sink only. */
  readonly onRow?: (columns: unknown) => void;
}

/** What the types of tedious leave out (20.3.9). */
interface DriverInternals {
  /** The options object that its parsers carry. */
  readonly config: { readonly options: object };
  /** As the server said it at login, if it did. */
  readonly databaseCollation?: Collation;
}

/** Of a connection that was opened to look at the certificate. */
const LOOKING = "only the certificate was looked at";

/** A session that may not look at others is waited for as long, where no `statement_timeout_s` ends it. */
const BLIND_MS = 3_600_000;

/** The runtime looks the name up itself: a permission for a host is one for its name, not for its addresses. */
const byName: Parameters<Connect>[1] = (host, _options, done) =>
  done(null, [{ address: host, family: 0 }]);

export class Connection {
  readonly #driver: Driver;
  readonly #address: string;
  readonly #options: object;
  readonly #settings: ConnectionSettings;
  readonly #connectOptions: ConnectionOptions;
  /** Of the statement that runs, or ran last. */
  #startedAt = 0;
  readonly #signal: AbortSignal | undefined;
  readonly #silence: SilenceWatch;
  /** Set when the connection was given up for its silence. */
  #silent: SourceError | null = null;
  #socket: GatedSocket | null = null;
  #lost = false;
  #closing: Promise<void> | null = null;
  #running: Statement | null = null;
  /** The first error that the server sent, to the login or to the statement that runs. */
  #serverError: ServerError | undefined;
  /** Ends before the login: only the certificate is of interest. */
  #looks = false;
  #shown: Uint8Array | null = null;
  /** Why this side gave up the login: a certificate that was not accepted, or the time it took. */
  #refusal: Error | null = null;

  private constructor(settings: ConnectionSettings, options: ConnectionOptions) {
    installRowHook();
    this.#settings = settings;
    this.#connectOptions = options;
    this.#signal = options.signal;
    this.#address = addressOf(settings);
    const connector: Connect = async (target, _lookup, signal) => {
      const socket = await tcp.connectInSequence(target, byName, signal);
      socket.on("data", () => {
        if (this.#running !== null) this.#silence.begin();
      });
      this.#socket = new GatedSocket(socket);
      return this.#socket as unknown as net.Socket;
    };
    const { networkTimeoutS } = options;
    this.#silence = new SilenceWatch({
      limitMs: networkTimeoutS * 1000,
      goOn: () => this.#isWorking(),
      give: () => {
        this.#silent = new SourceError(
          "SOURCE_DISCONNECTED",
          `nothing came from SQL Server at ${this.#address} for ${networkTimeoutS} s`,
          {
            category: "network",
            hint: "Look at the network and at firewalls that forget connections; " +
              "tuning.network_timeout_s sets the limit.",
          },
        );
        this.#breakOff();
      },
    });
    this.#driver = new Driver(configuration(settings, options, connector));
    const steps = protocolSteps(options.applicationName);
    // Headers of packets and the login's states; the driver is not asked for what is in them.
    if (steps !== null) this.#driver.on("debug", driverSteps(steps));
    this.#options = this.#internals.config.options;
    this.#driver.on("errorMessage", ({ number, message }) => {
      this.#serverError ??= { number, message };
    });
    // A statement that runs learns of it through its callback; an idle connection by being lost.
    this.#driver.on("error", () => this.#lost = true);
    this.#driver.on("end", () => this.#lost = true);
    // Comes before the login is sent.
    this.#driver.on("secure", (socket) => {
      const secured = socket as unknown as TLSSocket;
      this.#shown = certificateOf(secured);
      const problem = this.#looks ? LOOKING : certificateProblem(settings.tls, secured);
      if (problem === null) return;
      this.#refusal = new Error(problem);
      this.#driver.close();
    });
  }

  /** The server's number of this session; null: not known. */
  sessionId: number | null = null;

  async #isWorking(): Promise<boolean> {
    const activity = await activityOf(
      this.sessionId,
      this.#settings,
      (settings) => Connection.open(settings, this.#connectOptions),
    );
    if (activity !== "unknown") return activity === "works";
    return performance.now() - this.#startedAt < BLIND_MS;
  }

  /** Connects and authenticates. */
  static async open(settings: ConnectionSettings, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(settings, options);
    const { signal } = options;
    if (signal?.aborted) throw interrupted();
    signal?.addEventListener("abort", connection.#onAbort, { once: true });
    // The driver's own limit ends before the server has answered the login.
    const { connectTimeoutS } = settings;
    const timer = setTimeout(() => {
      const message = `the login took longer than ${connectTimeoutS} s`;
      connection.#refusal ??= Object.assign(new Error(message), { code: "ETIMEDOUT" });
      connection.#breakOff();
    }, connectTimeoutS * 1000);
    try {
      await connection.#connect();
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the connection whatever it is in; who waits for it gets an error. */
  #breakOff(): void {
    this.#driver.close();
    this.#socket?.destroy();
  }

  readonly #onAbort = () => {
    const running = this.#running;
    if (running === null) return this.#breakOff();
    running.cancel();
    // A server that does not answer is left.
    const timer = setTimeout(() => this.#breakOff(), CLOSE_TIMEOUT_MS);
    running.done.catch(() => {}).finally(() => clearTimeout(timer));
  };

  get #internals(): DriverInternals {
    return this.#driver as unknown as DriverInternals;
  }

  get settings(): ConnectionSettings {
    return this.#settings;
  }

  /** The collation of the database; undefined when the server did not say. */
  get collation(): Collation | undefined {
    return this.#internals.databaseCollation;
  }

  /** Milliseconds that a statement may run, not counting the time it is paused; 0: no limit. */
  statementTimeoutMs = 0;

  /** Runs a batch whose rows do not matter. */
  async exec(sql: string): Promise<void> {
    await this.start(sql, null).done;
  }

  /** The columns of the first result of a batch that gives no rows. */
  async metadata(sql: string): Promise<readonly ColumnMetadata[]> {
    let found: readonly ColumnMetadata[] = [];
    await this.start(sql, null, { onMetadata: (metadata) => found = metadata }).done;
    return found;
  }

  /**
   * The one column of every row, one after another, as the driver reads it: for a plan. null when the
   * answer begins with anything else than `beginning`; it is then cancelled without reading on.
   */
  async text(sql: string, beginning: string): Promise<string | null> {
    let text = "";
    let other = false;
    const refuse = () => {
      other = true;
      statement.cancel();
    };
    const onRow = (columns: unknown) => {
      if (other) return;
      const [first] = columns as { readonly value: unknown }[];
      if (text === "" && !String(first.value).startsWith(beginning)) refuse();
      else text += String(first.value);
    };
    const onMetadata = (columns: readonly ColumnMetadata[]) => {
      if (columns.length !== 1 && !other) refuse();
    };
    const statement = this.start(sql, null, { onMetadata, onRow });
    try {
      await statement.done;
    } catch (error) {
      if (!other) throw error;
    }
    return other || text === "" ? null : text;
  }

  /** Starts a batch; the rows of its results go to `sink`. One at a time. */
  start(
    sql: string,
    sink: RowSink | null,
    listeners: Listeners = {},
  ): Statement {
    this.#checkAlive();
    setRowSink(this.#options, sink);
    this.#serverError = undefined;
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    const clock = new StatementClock(this.statementTimeoutMs, () => request.cancel());
    const request = new Request(sql, (error) => {
      clock.stop();
      this.#silence.rest();
      this.#running = null;
      // Whoever paused it need not resume it any more.
      this.#socket?.open();
      if (error === null || error === undefined) resolve();
      else reject(this.#failed(error, clock.expired));
    });
    const { onMetadata, onRow } = listeners;
    if (onMetadata !== undefined) {
      request.on("columnMetadata", (columns) => {
        onMetadata(columns as unknown as readonly ColumnMetadata[]);
      });
    }
    if (onRow !== undefined) request.on("row", onRow);
    const statement: Statement = {
      done,
      pause: () => {
        if (this.#running !== statement) return;
        clock.pause();
        this.#silence.rest();
        request.pause();
        this.#socket?.shut();
      },
      resume: () => {
        // Nothing is owed any more: silence would be taken for a lost connection.
        if (this.#running !== statement) return;
        clock.resume();
        this.#silence.begin();
        this.#socket?.open();
        request.resume();
      },
      cancel: () => {
        clock.stop();
        this.#socket?.open();
        request.cancel();
      },
    };
    this.#running = statement;
    this.#startedAt = performance.now();
    this.#silence.begin();
    this.#driver.execSqlBatch(request);
    return statement;
  }

  /** Idempotent; never throws. A statement that still runs is cancelled. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    const running = this.#running;
    if (running !== null && !this.#lost) {
      running.cancel();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
      // Whoever waits for the statement gets its error.
      await Promise.race([running.done.catch(() => {}), late]);
      clearTimeout(timer);
    }
    if (this.#lost) {
      this.#driver.close();
      return;
    }
    const ended = new Promise<void>((resolve) => this.#driver.once("end", () => resolve()));
    this.#driver.close();
    await ended;
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#driver.connect((error) => {
        if (error === null || error === undefined) return resolve();
        this.#lost = true;
        this.#whyNot(this.#refusal ?? error).then(reject);
      });
    });
  }

  async #whyNot(error: unknown): Promise<Error> {
    const untrusted = [...causes(error)].find(({ code }) => isUntrusted(code));
    const told = untrusted === undefined || this.#looks
      ? error
      : await tlsFailure(untrusted, () => this.#presented());
    if (this.#signal?.aborted) return interrupted();
    return classify(told, { ...this.#context(false), connecting: true });
  }

  /** The certificate that the server shows, trusted or not: nothing is sent to it. */
  async #presented(): Promise<Uint8Array | null> {
    const { tls } = this.#settings;
    // Within TDS 8.0 there is no moment between the handshake and the login.
    if (tls.strict) return null;
    const unchecked = { ...this.#settings, tls: { ...tls, mode: "unchecked" as const } };
    const looking = new Connection(unchecked, this.#connectOptions);
    looking.#looks = true;
    await looking.#connect().catch(() => {});
    await looking.close();
    return looking.#shown;
  }

  #context(timedOut: boolean): ErrorContext {
    return {
      address: this.#address,
      statementTimeoutMs: this.statementTimeoutMs,
      timedOut,
      connecting: false,
      serverError: this.#serverError,
    };
  }

  #failed(error: unknown, timedOut: boolean): Error {
    if (this.#signal?.aborted) return interrupted();
    if (this.#silent !== null) return this.#silent;
    return classify(error, this.#context(timedOut));
  }

  #checkAlive(): void {
    if (this.#signal?.aborted) throw interrupted();
    if (this.#silent !== null) throw this.#silent;
    if (!this.#lost && this.#closing === null) return;
    throw new SourceError(
      "SOURCE_DISCONNECTED",
      `the connection to SQL Server at ${this.#address} is closed`,
      { category: "disconnect" },
    );
  }
}
