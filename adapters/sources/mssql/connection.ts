/**
 * One connection: batches of SQL one after another, their answers as they are asked for, cancellation.
 *
 * A lost connection stays lost: nothing here retries.
 */
import { SourceError } from "../../../core/base/errors.ts";
import { interrupted } from "../../../core/base/wait.ts";
import { SilenceWatch } from "../kit/silence.ts";
import { protocolSteps } from "../kit/steps.ts";
import { activityOf } from "./activity.ts";
import { classify, type ErrorContext } from "./errors.ts";
import type { ColumnMetadata } from "./fields.ts";
import { addressOf, type ConnectionSettings } from "./settings.ts";
import { Statement } from "./statement.ts";
import { TextRows } from "./text_rows.ts";
import { sqlBatch } from "./wire/client_messages.ts";
import type { Collation } from "./wire/collation.ts";
import { openSession } from "./wire/login.ts";
import { MESSAGE } from "./wire/packets.ts";
import { Reply } from "./wire/reply.ts";
import type { RowSink } from "./wire/tokens.ts";
import type { Wire } from "./wire/wire.ts";

/** How long a connection that is closed or interrupted waits for its statement to be cancelled. */
const CLOSE_TIMEOUT_MS = 2_000;

export interface ConnectionOptions {
  readonly applicationName: string;
  /** Seconds that the server may be silent while it owes an answer; 0: for ever. */
  readonly networkTimeoutS: number;
  /** Stops the login, and from then on every statement, wherever it is. */
  readonly signal?: AbortSignal;
}

/** A session that may not look at others is waited for as long, where no `statement_timeout_s` ends it. */
const BLIND_MS = 3_600_000;

/** `stop`, `ms` at most: then `giveUp`. */
async function within(ms: number, stop: Promise<void>, giveUp: () => void): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      giveUp();
      resolve();
    }, ms);
  });
  await Promise.race([stop, late]);
  clearTimeout(timer);
}

export class Connection {
  readonly #wire: Wire;
  readonly #address: string;
  readonly #settings: ConnectionSettings;
  readonly #options: ConnectionOptions;
  /** Of the statement that runs, or ran last. */
  #startedAt = 0;
  readonly #silence: SilenceWatch;
  /** Set when the connection was given up for its silence. */
  #silent: SourceError | null = null;
  #lost = false;
  #closing: Promise<void> | null = null;
  #running: Statement | null = null;
  /** Of the statement that runs, or ran last. */
  #reply: Reply | null = null;
  /** The server's number of this session; null: not known. */
  sessionId: number | null = null;
  /** Milliseconds that a statement may run, not counting the time in which nobody waits for it; 0: no limit. */
  statementTimeoutMs = 0;

  private constructor(wire: Wire, settings: ConnectionSettings, options: ConnectionOptions) {
    this.#wire = wire;
    this.#settings = settings;
    this.#options = options;
    this.#address = addressOf(settings);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
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
  }

  async #isWorking(): Promise<boolean> {
    const activity = await activityOf(
      this.sessionId,
      this.#settings,
      (settings) => Connection.open(settings, this.#options),
    );
    if (activity !== "unknown") return activity === "works";
    return performance.now() - this.#startedAt < BLIND_MS;
  }

  /** Connects and authenticates. */
  static async open(settings: ConnectionSettings, options: ConnectionOptions): Promise<Connection> {
    const { signal, applicationName } = options;
    if (signal?.aborted) throw interrupted();
    const { connectTimeoutS } = settings;
    const given = new AbortController();
    const onAbort = () => given.abort(interrupted());
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(() => {
      const message = `the login took longer than ${connectTimeoutS} s`;
      given.abort(Object.assign(new Error(message), { code: "ETIMEDOUT" }));
    }, connectTimeoutS * 1000);
    try {
      const steps = protocolSteps(applicationName);
      const login = { application: applicationName, steps, signal: given.signal };
      return new Connection(await openSession(settings, login), settings, options);
    } catch (error) {
      const address = addressOf(settings);
      throw classify(error, { address, statementTimeoutMs: 0, timedOut: false, connecting: true });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the connection whatever it is in; who waits for it gets an error. */
  #breakOff(): void {
    this.#lost = true;
    this.#wire.close();
  }

  readonly #onAbort = () => {
    const running = this.#running;
    if (running === null) return this.#breakOff();
    // A server that does not answer is left.
    void within(CLOSE_TIMEOUT_MS, running.stop(), () => this.#breakOff());
  };

  get settings(): ConnectionSettings {
    return this.#settings;
  }

  /** The collation of the database; undefined when the server did not say. */
  get collation(): Collation | undefined {
    return this.#wire.collation;
  }

  /** Runs a batch that gives no rows. */
  async exec(sql: string): Promise<void> {
    await this.start(sql).finish();
  }

  /** The columns of the first result of a batch that gives no rows. */
  async metadata(sql: string): Promise<readonly ColumnMetadata[]> {
    let found: readonly ColumnMetadata[] = [];
    await this.start(sql, undefined, (columns) => found = columns).finish();
    return found;
  }

  /**
   * The one column of every row, one after another: for a plan. null when the
   * answer begins with anything else than `beginning`; it is then cancelled without reading on.
   */
  async text(sql: string, beginning: string): Promise<string | null> {
    let text = "";
    let other = false;
    const refuse = () => {
      other = true;
      statement.cancel();
    };
    const rows = new TextRows((found) => {
      if (other) return;
      if (text === "" && !found.startsWith(beginning)) refuse();
      else text += found;
    });
    const statement = this.start(sql, rows, (columns) => {
      if (columns.length !== 1 && !other) refuse();
    });
    try {
      await statement.finish();
    } catch (error) {
      if (!other) throw error;
    } finally {
      rows.release();
    }
    return other || text === "" ? null : text;
  }

  /** Starts a batch; the rows of its results go to `sink`. One at a time. */
  start(
    sql: string,
    sink?: RowSink,
    onColumns?: (columns: readonly ColumnMetadata[]) => void,
  ): Statement {
    this.#checkAlive();
    const reply = new Reply(this.#wire, sink, onColumns);
    this.#reply = reply;
    this.#startedAt = performance.now();
    this.#wire.send(MESSAGE.sqlBatch, sqlBatch(sql, this.#wire.transaction));
    const statement = new Statement({
      wire: this.#wire,
      silence: this.#silence,
      timeoutMs: this.statementTimeoutMs,
      lost: () => this.#breakOff(),
      ended: () => this.#running = null,
      failed: (error, timedOut) => this.#failed(error, timedOut),
    }, reply);
    this.#running = statement;
    return statement;
  }

  /** Idempotent; never throws. A statement that still runs is cancelled. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const running = this.#running;
    // Whoever waits for the statement gets its error.
    if (running !== null && !this.#lost) await within(CLOSE_TIMEOUT_MS, running.stop(), () => {});
    this.#breakOff();
  }

  #failed(error: unknown, timedOut: boolean): Error {
    if (this.#options.signal?.aborted) return interrupted();
    if (this.#silent !== null) return this.#silent;
    const context: ErrorContext = {
      address: this.#address,
      statementTimeoutMs: this.statementTimeoutMs,
      timedOut,
      connecting: false,
      serverError: this.#reply?.errors[0],
    };
    return classify(error, context);
  }

  #checkAlive(): void {
    if (this.#options.signal?.aborted) throw interrupted();
    if (this.#silent !== null) throw this.#silent;
    if (!this.#lost && this.#closing === null) return;
    throw new SourceError(
      "SOURCE_DISCONNECTED",
      `the connection to SQL Server at ${this.#address} is closed`,
      { category: "disconnect" },
    );
  }
}
