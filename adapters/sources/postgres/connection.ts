/**
 * One session: statements, each of them one SQL statement and no more; rows as raw bytes; cancellation. A
 * connection that was lost stays lost: a new one in the middle of what was a transaction would read other
 * data.
 */
import { SourceError } from "../../../core/base/errors.ts";
import { interrupted } from "../../../core/base/wait.ts";
import { classify } from "./errors.ts";
import { openSession, type Servers, type Session } from "./open.ts";
import { RowStream } from "./row_stream.ts";
import type { RowLimits } from "../kit/block.ts";
import { Grace } from "../kit/grace.ts";
import { type Kernel, kernels } from "./kernel/kernel.ts";
import type { RowKind } from "./rows.ts";
import { Answer } from "./wire/answer.ts";
import { requestCancel } from "./wire/cancel.ts";
import { execute, flight, parse, terminate } from "./wire/client_messages.ts";
import type { Frame } from "./wire/frame_buffer.ts";
import {
  FROM_SERVER,
  parseRowDescription,
  parseTextRow,
  type ResultField,
} from "./wire/server_messages.ts";
import { ProtocolError } from "./wire/protocol_error.ts";
import { LostError, type Wire } from "./wire/wire.ts";

/** Every value as the server's text. */
export type TextRows = (string | null)[][];

/** How a connection behaves. */
export interface ConnectionOptions {
  readonly applicationName: string;
  /** Longest silence of a server that owes an answer; 0: no limit. */
  readonly networkTimeoutS: number;
  /** Ends the statement that runs, and every later one. */
  readonly signal?: AbortSignal;
}

/** The longest silence of a server whose statement was cancelled; then the connection ends. */
const STOP_GRACE_MS = 10_000;
/** A server that does not answer a goodbye is left after this. */
const GOODBYE_MS = 2000;
/** What is asked of a silent server's other sessions is answered within this. */
const PROBE_TIMEOUT_S = 10;

interface Running {
  readonly answer: Answer;
  readonly since: number;
  stopping: Promise<void> | null;
}

/** Messages before and behind a statement, in one flight with it: after a failure, nothing more is run. */
export interface Surrounding {
  readonly before: readonly Uint8Array[];
  readonly after: readonly Uint8Array[];
}

const NOTHING_AROUND: Surrounding = { before: [], after: [] };

/** Statements whose rows are nobody's, to be sent with others. */
export function surrounding(before: readonly string[], after: readonly string[]): Surrounding {
  const messages = (statements: readonly string[]) =>
    statements.flatMap((sql) => [parse(sql), execute("text")]);
  return { before: messages(before), after: messages(after) };
}

/** A session that runs one statement at a time. */
export class Connection {
  readonly #session: Session;
  readonly #options: ConnectionOptions;
  readonly #wire: Wire;
  /** Opened by the first statement whose rows are decoded. */
  #kernel: Kernel | null = null;
  #running: Running | null = null;
  /** Closes the connection of a statement that does not end when it is cancelled. */
  readonly #grace = new Grace();
  #closing: Promise<void> | null = null;
  /** Each ends what runs. */
  readonly #signals = new Set<AbortSignal>();

  private constructor(session: Session, options: ConnectionOptions) {
    this.#session = session;
    this.#options = options;
    this.#wire = session.wire;
    this.#wire.probe = () => this.#isWorking();
    if (options.signal !== undefined) this.#listen(options.signal);
  }

  /** Connects and authenticates. @throws SourceError, ConfigError, RivetError INTERRUPTED */
  static async open(
    resolved: Servers,
    options: ConnectionOptions,
  ): Promise<Connection> {
    return new Connection(await openSession(resolved, options), options);
  }

  /** Of the transaction; for telling why a statement was cancelled. 0: none. */
  statementTimeoutMs = 0;

  /** The server process that runs the transaction; null: not known. */
  backendPid: number | null = null;

  get session(): Session {
    return this.#session;
  }

  /** The server's major version; 0 when it does not tell. */
  get serverVersion(): number {
    return parseInt(this.#wire.parameters.get("server_version") ?? "", 10) || 0;
  }

  /** What the database stores text in, as the server names it; null when it does not tell. */
  get serverEncoding(): string | null {
    return this.#wire.parameters.get("server_encoding") ?? null;
  }

  /** Runs statements in one flight; the first that fails is the last one run. Returns the last one's rows. */
  async run(statements: readonly string[]): Promise<TextRows> {
    return (await this.runAll(statements))[statements.length - 1];
  }

  /** The same, with the rows of every statement. */
  async runAll(statements: readonly string[]): Promise<TextRows[]> {
    const rows: TextRows[] = statements.map(() => []);
    let completed = 0;
    const messages = statements.flatMap((sql) => [parse(sql), execute("text")]);
    await this.#converse(messages, ({ type, body }) => {
      if (type === FROM_SERVER.commandComplete) completed++;
      if (type === FROM_SERVER.dataRow) rows[completed].push(parseTextRow(body));
    });
    return rows;
  }

  /** The rows of one statement, every value as the server's text. */
  rows(sql: string): Promise<TextRows> {
    return this.run([sql]);
  }

  /** The result columns of one statement, which is run. */
  async fields(sql: string): Promise<readonly ResultField[]> {
    let fields: readonly ResultField[] = [];
    await this.#converse([parse(sql), execute("text", true)], ({ type, body }) => {
      if (type === FROM_SERVER.rowDescription) fields = parseRowDescription(body);
    });
    return fields;
  }

  /**
   * Starts a COPY TO STDOUT of a query. The query is parsed by itself first: text that closes the parenthesis
   * around it is no statement then, whatever it would be behind it.
   * The stream must be read to its end or dropped before the next statement.
   */
  copyOut(
    query: string,
    limits: RowLimits,
    { before, after }: Surrounding = NOTHING_AROUND,
  ): RowStream {
    const copy = `COPY (\n${query}\n) TO STDOUT (FORMAT binary)`;
    const messages = [...before, parse(query), parse(copy), execute("binary"), ...after];
    return this.#stream(messages, limits, "copy");
  }

  /** Starts a statement whose rows come in binary form; as `copyOut` for the rest. */
  binaryRows(sql: string, limits: RowLimits): RowStream {
    return this.#stream([parse(sql), execute("binary")], limits, "cursor");
  }

  /** `work`, which an abort of `signal` ends by ending the statement that runs then. */
  async *until<T>(signal: AbortSignal | undefined, work: AsyncIterable<T>): AsyncGenerator<T> {
    const forget = signal === undefined ? () => {} : this.#listen(signal);
    try {
      yield* work;
    } finally {
      forget();
    }
  }

  /**
   * Ends the statement that runs: asks the server to cancel it, and closes the connection when that does
   * not help in time. Never throws.
   */
  stop(): Promise<void> {
    const running = this.#running;
    if (running === null || running.answer.over || this.#wire.closed) return Promise.resolve();
    return running.stopping ??= this.#stop(running.answer);
  }

  async #stop(answer: Answer): Promise<void> {
    this.#grace.begin({
      silenceMs: STOP_GRACE_MS,
      // A run that is told to end does not wait for what comes.
      received: () => this.#aborted ? 0 : this.#wire.receivedBytes,
      give: () => {
        if (answer.over) return;
        this.#wire.close(new LostError("the statement did not end when it was cancelled"));
      },
    });
    const { settings, encryption, key } = this.#session;
    if (key !== null) await requestCancel(settings, encryption, key);
  }

  /** Idempotent; never throws. A statement that still runs is cancelled. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.stop();
    const rests = this.#running === null && !this.#wire.closed;
    // The session is over when the server hangs up.
    if (rests) await this.#wire.leave(terminate(), GOODBYE_MS);
    this.#over();
    this.#wire.close();
    this.#wire.buffer.release();
    // Where it was cut off, a read may still be under way, into its memory.
    if (rests && this.#kernel !== null) kernels.close(this.#kernel);
    this.#kernel = null;
  }

  async #converse(
    messages: readonly Uint8Array[],
    onFrame: (frame: Frame) => void,
  ): Promise<void> {
    const answer = this.#start(messages);
    try {
      await answer.finish(onFrame);
      this.#over();
    } catch (error) {
      throw this.#failed(error, answer);
    }
  }

  #stream(messages: readonly Uint8Array[], limits: RowLimits, kind: RowKind): RowStream {
    const answer = this.#start(messages);
    this.#kernel ??= kernels.open();
    const statement = {
      wire: this.#wire,
      kernel: this.#kernel,
      answer,
      failed: (error: unknown) => this.#failed(error, answer),
      ended: () => this.#over(),
      stop: () => this.stop(),
    };
    return new RowStream(statement, limits, kind);
  }

  #start(messages: readonly Uint8Array[]): Answer {
    if (this.#aborted) throw interrupted();
    if (this.#wire.closed || this.#closing !== null) {
      throw new SourceError(
        "SOURCE_DISCONNECTED",
        `the connection to PostgreSQL at ${this.#session.address} is closed`,
        { category: "disconnect" },
      );
    }
    const answer = new Answer(this.#wire);
    this.#running = { answer, since: performance.now(), stopping: null };
    this.#wire.send(flight(...messages));
    return answer;
  }

  /** No statement runs any more. */
  #over(): void {
    this.#running = null;
    this.#grace.end();
  }

  /** What to throw. Unless the server has come to a proper end of its answer, the connection is of no use. */
  #failed(error: unknown, answer: Answer): Error {
    const since = this.#running?.since ?? performance.now();
    this.#over();
    if (!answer.over || error instanceof ProtocolError) this.#wire.close();
    if (this.#aborted) return interrupted();
    return classify(error, {
      address: this.#session.address,
      statementTimeoutMs: this.statementTimeoutMs,
      elapsedMs: performance.now() - since,
    });
  }

  get #aborted(): boolean {
    for (const signal of this.#signals) if (signal.aborted) return true;
    return false;
  }

  #listen(signal: AbortSignal): () => void {
    const onAbort = () => void this.stop();
    this.#signals.add(signal);
    signal.addEventListener("abort", onAbort, { once: true });
    return () => {
      signal.removeEventListener("abort", onAbort);
      this.#signals.delete(signal);
    };
  }

  /**
   * Asks over another connection what the silent one does. A server process that waits for this client to
   * read is not at work: what it sends does not arrive.
   */
  async #isWorking(): Promise<boolean> {
    const pid = this.backendPid;
    if (pid === null) return false;
    const { settings } = this.#session;
    const timeoutS = Math.min(PROBE_TIMEOUT_S, this.#options.networkTimeoutS);
    const server = { ...settings, connectTimeoutS: timeoutS };
    let other: Connection | null = null;
    try {
      other = await Connection.open({ servers: [server], sessionKind: "any" }, {
        ...this.#options,
        networkTimeoutS: timeoutS,
      });
      const [row] = await other.rows(
        "SELECT state = 'active' AND wait_event IS DISTINCT FROM 'ClientWrite' " +
          `FROM pg_catalog.pg_stat_activity WHERE pid = ${pid}`,
      );
      return row?.[0] === "t";
    } catch {
      return false;
    } finally {
      await other?.close();
    }
  }
}
