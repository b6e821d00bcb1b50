/** What a response is made of: tokens, rows among them. [MS-TDS] 2.2.7 */
import type { ColumnMetadata } from "../fields.ts";
import { type Collation, collationAt } from "./collation.ts";
import { Cursor, Incomplete } from "./cursor.ts";
import { readColumns } from "./metadata.ts";
import { ProtocolError } from "./packets.ts";

const TOKEN = {
  returnStatus: 0x79,
  colMetadata: 0x81,
  tabName: 0xa4,
  colInfo: 0xa5,
  order: 0xa9,
  error: 0xaa,
  info: 0xab,
  loginAck: 0xad,
  featureExtAck: 0xae,
  row: 0xd1,
  nbcRow: 0xd2,
  envChange: 0xe3,
  sessionState: 0xe4,
  sspi: 0xed,
  fedAuthInfo: 0xee,
  done: 0xfd,
  doneProc: 0xfe,
  doneInProc: 0xff,
} as const;

/** Of DONE and its kind. */
const DONE_ERROR = 0x02;
const DONE_ATTENTION = 0x20;
const DONE_BYTES = 12;

/** Kinds of ENVCHANGE; all others change nothing here. */
const CHANGE = {
  packetSize: 4,
  collation: 7,
  begin: 8,
  commit: 9,
  rollback: 10,
  ended: 17,
  routing: 20,
};
const FEATURES_END = 0xff;

/** What a server says went wrong. */
export interface ServerMessage {
  readonly number: number;
  readonly message: string;
}

/** Where a login is to go on. */
export interface Route {
  readonly host: string;
  readonly port: number;
  readonly instance: string | null;
}

/** Told of tokens, in their order; those that nobody needs are skipped. */
export interface TokenHandler {
  error(error: ServerMessage): void;
  columns(columns: readonly ColumnMetadata[]): void;
  done(flags: { readonly failed: boolean; readonly attention: boolean }): void;
  loginAck(version: number): void;
  packetSize(bytes: number): void;
  collation(collation: Collation): void;
  /** The descriptor of the transaction that is open now; null: none is. */
  transaction(descriptor: Uint8Array | null): void;
  route(route: Route): void;
}

/** The server wants Windows or Microsoft Entra to say who logs in, which this side does not speak to. */
export class SignInError extends Error {
  override readonly name = "SignInError";
  readonly code = "ELOGIN";
}

/** Takes the rows of results. */
export interface RowSink {
  /** Bytes that begin with a row, or go on where the ones before ended. */
  append(columns: readonly ColumnMetadata[], bytes: Uint8Array): void;
  /**
   * Takes the rows that are whole. Returns null when only rows have come so far, else the bytes of the tokens
   * behind them, valid until the next call.
   */
  take(): Uint8Array | null;
  /** Whether a row has begun that has not come whole. */
  readonly withinRow: boolean;
}

const NOTHING = new Uint8Array(0);

/** Reads one response, however its bytes are cut. */
export class TokenReader {
  readonly #handler: TokenHandler;
  readonly #sink: RowSink;
  #columns: readonly ColumnMetadata[] | null = null;
  /** Of tokens that are no rows, and have not been read. */
  #bytes: Uint8Array = NOTHING;
  #inRows = false;

  constructor(handler: TokenHandler, sink: RowSink) {
    this.#handler = handler;
    this.#sink = sink;
  }

  /** Takes bytes; `read` looks at them. They must not change before that. */
  append(bytes: Uint8Array): void {
    if (this.#inRows) this.#sink.append(this.#columnsOfRows(), bytes);
    else if (this.#bytes.length === 0) this.#bytes = bytes;
    else this.#bytes = joined(this.#bytes, bytes);
  }

  /** Reads what is whole. @throws ProtocolError, and what the sink throws */
  read(): void {
    for (;;) {
      if (this.#inRows) {
        const rest = this.#sink.take();
        if (rest === null) return;
        this.#inRows = false;
        this.#bytes = rest;
      }
      this.#bytes = this.#readTokens();
      if (!this.#inRows) break;
      const rows = this.#bytes;
      this.#bytes = NOTHING;
      this.#sink.append(this.#columnsOfRows(), rows);
    }
    // What is kept of a piece is little, and the piece large.
    this.#bytes = this.#bytes.slice();
  }

  /** The response is over. @throws ProtocolError when it ended within a token */
  end(): void {
    if (this.#bytes.length > 0 || this.#sink.withinRow) {
      throw new ProtocolError("a response that ends within a token");
    }
  }

  #columnsOfRows(): readonly ColumnMetadata[] {
    if (this.#columns === null) throw new ProtocolError("rows without columns");
    return this.#columns;
  }

  /** Returns what follows the whole tokens: rows, or the beginning of a token. */
  #readTokens(): Uint8Array {
    const bytes = this.#bytes;
    let at = 0;
    while (at < bytes.length) {
      const type = bytes[at];
      if (type === TOKEN.row || type === TOKEN.nbcRow) {
        this.#inRows = true;
        break;
      }
      const cursor = new Cursor(bytes, at + 1, bytes.length);
      try {
        this.#readToken(type, cursor);
      } catch (error) {
        if (error instanceof Incomplete) break;
        throw error;
      }
      at = cursor.at;
    }
    return bytes.subarray(at);
  }

  #readToken(type: number, cursor: Cursor): void {
    switch (type) {
      case TOKEN.done:
      case TOKEN.doneProc:
      case TOKEN.doneInProc:
        return this.#done(type, cursor);
      case TOKEN.colMetadata:
        this.#columns = readColumns(cursor);
        return this.#handler.columns(this.#columns);
      case TOKEN.error:
      case TOKEN.info:
        return this.#message(type, cursor);
      case TOKEN.envChange:
        return this.#change(cursor);
      case TOKEN.loginAck:
        return this.#loginAck(cursor);
      case TOKEN.order:
      case TOKEN.tabName:
      case TOKEN.colInfo:
        return void cursor.skip(cursor.u16());
      case TOKEN.sessionState:
        return void cursor.skip(cursor.u32());
      case TOKEN.returnStatus:
        return void cursor.skip(4);
      case TOKEN.featureExtAck:
        return skipFeatures(cursor);
      case TOKEN.sspi:
      case TOKEN.fedAuthInfo:
        throw new SignInError("the server asks for another sign-in than a SQL login");
      default:
        throw new ProtocolError(`a token of type 0x${type.toString(16)}`);
    }
  }

  #done(type: number, cursor: Cursor): void {
    const at = cursor.skip(DONE_BYTES);
    const status = cursor.bytes[at];
    // A statement within a procedure may fail where the batch does not.
    const failed = type !== TOKEN.doneInProc && (status & DONE_ERROR) !== 0;
    this.#handler.done({ failed, attention: (status & DONE_ATTENTION) !== 0 });
  }

  #message(type: number, cursor: Cursor): void {
    const length = cursor.u16();
    const end = cursor.skip(length) + length;
    const body = new Cursor(cursor.bytes, end - length, end);
    const number = body.u32();
    body.skip(2);
    const message = body.longText();
    if (type === TOKEN.error) this.#handler.error({ number, message });
  }

  #loginAck(cursor: Cursor): void {
    const length = cursor.u16();
    const at = cursor.skip(length);
    const { bytes } = cursor;
    this.#handler.loginAck(new DataView(bytes.buffer, bytes.byteOffset + at + 1, 4).getUint32(0));
  }

  #change(cursor: Cursor): void {
    const length = cursor.u16();
    const end = cursor.skip(length) + length;
    const body = new Cursor(cursor.bytes, end - length, end);
    const handler = this.#handler;
    switch (body.u8()) {
      case CHANGE.packetSize:
        return handler.packetSize(Number(body.shortText()));
      case CHANGE.collation: {
        const collation = body.shortBytes();
        if (collation.length > 0) handler.collation(collationAt(collation, 0));
        return;
      }
      case CHANGE.begin:
        return handler.transaction(body.shortBytes());
      case CHANGE.commit:
      case CHANGE.rollback:
      case CHANGE.ended:
        return handler.transaction(null);
      case CHANGE.routing:
        body.u16();
        return handler.route(routeOf(body));
    }
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function skipFeatures(cursor: Cursor): void {
  while (cursor.u8() !== FEATURES_END) cursor.skip(cursor.u32());
}

function routeOf(body: Cursor): Route {
  const protocol = body.u8();
  if (protocol !== 0) throw new ProtocolError(`a route of protocol ${protocol}`);
  const port = body.u16();
  const [host, instance = null] = body.longText().split("\\");
  return { host, port, instance };
}
