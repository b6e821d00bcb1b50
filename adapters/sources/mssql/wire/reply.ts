/** One answer of the server. */
import type { ColumnMetadata } from "../fields.ts";
import type { Collation } from "./collation.ts";
import { ProtocolError } from "./packets.ts";
import { type RowSink, type ServerMessage, type TokenHandler, TokenReader } from "./tokens.ts";
import type { Route } from "./tokens.ts";
import type { MessageReader, Wire } from "./wire.ts";

/** What the server said went wrong. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly number: number;
  readonly code: string;

  constructor({ number, message }: ServerMessage, code: string) {
    super(message);
    this.number = number;
    this.code = code;
  }
}

/** `code` of what a statement fails with, and of one that failed without a word. */
const FAILED = "EREQUEST";

/** For results that nobody wants. */
const NO_ROWS: RowSink = {
  withinRow: false,
  append: () => {
    throw new ProtocolError("rows where none were asked for");
  },
  take: () => null,
};

/** Follows the tokens of one answer, and tells the session what changes with it. */
export class Reply implements TokenHandler, MessageReader {
  /** All of it has come. */
  over = false;
  /** A cancellation was sent: the answer ends with its confirmation. */
  cancelled = false;
  /** In the order in which they came. */
  readonly errors: ServerMessage[] = [];
  /** Of a login that was accepted. */
  version: number | null = null;
  routed: Route | null = null;
  readonly #wire: Wire;
  readonly #onColumns: (columns: readonly ColumnMetadata[]) => void;
  readonly #sink: RowSink;
  #reader: TokenReader;
  #failed = false;
  #confirmed = false;
  /** A result has begun, and no DONE has ended it. */
  #inResult = false;

  constructor(
    wire: Wire,
    sink: RowSink = NO_ROWS,
    onColumns: (columns: readonly ColumnMetadata[]) => void = () => {},
  ) {
    this.#wire = wire;
    this.#sink = sink;
    this.#onColumns = onColumns;
    this.#reader = new TokenReader(this, sink);
  }

  /** Waits for more of it. @throws LostError, ProtocolError, and what the sink throws */
  async step(): Promise<void> {
    if (!await this.#wire.receive(this)) return;
    // Of a result that just ends there may have been more.
    if (this.#inResult && !this.cancelled && this.errors.length === 0) {
      throw new ProtocolError("a result without its end");
    }
    // What was under way is one message, the confirmation another.
    this.over = !this.cancelled || this.#confirmed;
    this.#reader = new TokenReader(this, this.#sink);
  }

  /** The failure that the server tells, if it tells one. @param code of it */
  failure(code: string = FAILED): Error | null {
    const errors = this.errors.map((message) => new ServerError(message, code));
    if (errors.length > 1) return new AggregateError(errors);
    if (errors.length === 1) return errors[0];
    return this.#failed ? Object.assign(new Error("an unknown error"), { code }) : null;
  }

  append(bytes: Uint8Array): void {
    this.#reader.append(bytes);
  }

  read(): void {
    this.#reader.read();
  }

  end(): void {
    this.#reader.end();
  }

  error(message: ServerMessage): void {
    this.errors.push(message);
  }

  columns(columns: readonly ColumnMetadata[]): void {
    this.#inResult = true;
    this.#onColumns(columns);
  }

  done({ failed, attention }: { readonly failed: boolean; readonly attention: boolean }): void {
    this.#inResult = false;
    this.#failed ||= failed;
    this.#confirmed ||= attention;
  }

  loginAck(version: number): void {
    this.version = version;
  }

  packetSize(bytes: number): void {
    if (bytes > 0) this.#wire.packetBytes = bytes;
  }

  collation(collation: Collation): void {
    this.#wire.collation = collation;
  }

  transaction(descriptor: Uint8Array | null): void {
    this.#wire.transaction = descriptor;
  }

  route(route: Route): void {
    this.routed = route;
  }
}
