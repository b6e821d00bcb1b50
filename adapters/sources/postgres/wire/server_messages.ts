/**
 * What the server's messages hold.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { ProtocolError } from "./protocol_error.ts";

/** Types of messages that come from the server. */
export const FROM_SERVER = {
  authentication: code("R"),
  backendKeyData: code("K"),
  commandComplete: code("C"),
  copyData: code("d"),
  copyDone: code("c"),
  copyInResponse: code("G"),
  copyOutResponse: code("H"),
  dataRow: code("D"),
  errorResponse: code("E"),
  negotiateProtocolVersion: code("v"),
  noticeResponse: code("N"),
  notificationResponse: code("A"),
  parameterStatus: code("S"),
  readyForQuery: code("Z"),
  rowDescription: code("T"),
} as const;

function code(letter: string): number {
  return letter.charCodeAt(0);
}

const utf8 = new TextDecoder();

/** An ErrorResponse. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  /** SQLSTATE. */
  readonly code: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** The session is over: a FATAL or PANIC. */
  readonly fatal: boolean;

  constructor(fields: ReadonlyMap<string, string>) {
    super(fields.get("M") ?? "an error without a message");
    this.code = fields.get("C") ?? "";
    this.detail = fields.get("D");
    this.hint = fields.get("H");
    // V is the severity untranslated, since 9.6.
    this.fatal = /^(FATAL|PANIC)$/.test(fields.get("V") ?? fields.get("S") ?? "");
  }
}

/** A NUL-terminated string. */
function stringAt(body: Uint8Array, at: number): { readonly text: string; readonly next: number } {
  const end = body.indexOf(0, at);
  if (end < 0) throw new ProtocolError("a string without its end");
  return { text: utf8.decode(body.subarray(at, end)), next: end + 1 };
}

/** The error of an ErrorResponse. */
export function parseError(body: Uint8Array): ServerError {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0;) {
    const { text, next } = stringAt(body, at + 1);
    fields.set(String.fromCharCode(body[at]), text);
    at = next;
  }
  return new ServerError(fields);
}

/** A setting that the server reports. */
export function parseParameterStatus(body: Uint8Array): readonly [name: string, value: string] {
  const name = stringAt(body, 0);
  return [name.text, stringAt(body, name.next).text];
}

/** Proves a cancel request. The secret has had more than 4 bytes since protocol 3.2. */
export interface BackendKey {
  readonly pid: number;
  readonly secret: Uint8Array;
}

/** The key of a session. */
export function parseBackendKey(body: Uint8Array): BackendKey {
  if (body.length < 8) throw new ProtocolError("a key that is too short");
  return { pid: viewOf(body).getInt32(0), secret: body.slice(4) };
}

/** One column of a result. */
export interface ResultField {
  readonly name: string;
  /** OID of the table that the column comes from unchanged, or 0. */
  readonly table: number;
  /** Number of the column in that table. */
  readonly attribute: number;
  readonly type: number;
  /** Holds the (p,s) of a numeric; -1 for none. */
  readonly modifier: number;
}

/** The columns of a result. */
export function parseRowDescription(body: Uint8Array): ResultField[] {
  const view = viewOf(body);
  const fields: ResultField[] = [];
  let at = 2;
  for (let i = view.getInt16(0); i > 0; i--) {
    const { text, next } = stringAt(body, at);
    if (next + 18 > body.length) throw new ProtocolError("a column without its type");
    fields.push({
      name: text,
      table: view.getUint32(next),
      attribute: view.getInt16(next + 4),
      type: view.getUint32(next + 6),
      modifier: view.getInt32(next + 12),
    });
    at = next + 18;
  }
  return fields;
}

/** A DataRow whose values came as text. */
export function parseTextRow(body: Uint8Array): (string | null)[] {
  const view = viewOf(body);
  const row: (string | null)[] = [];
  let at = 2;
  for (let i = view.getInt16(0); i > 0; i--) {
    const length = view.getInt32(at);
    at += 4;
    if (length > body.length - at) throw new ProtocolError("a value that is longer than its row");
    row.push(length < 0 ? null : utf8.decode(body.subarray(at, at + length)));
    at += Math.max(0, length);
  }
  return row;
}

/** A view over these bytes alone. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
