/**
 * Messages to the server, ready to be sent.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * There is no simple Query among them: a Parse takes one statement, so that no text, whatever is put into
 * it, can end the transaction that it runs in.
 */
import type { BackendKey } from "./server_messages.ts";

const PROTOCOL_VERSION = 3 << 16;
const SSL_REQUEST_CODE = 80_877_103;
const CANCEL_REQUEST_CODE = 80_877_102;

const utf8 = new TextEncoder();

type Part = number | Uint8Array;

/** Numbers are 32 bits wide here. */
function join(parts: readonly Part[]): Uint8Array {
  const size = parts.reduce<number>((sum, p) => sum + (typeof p === "number" ? 4 : p.length), 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") {
      view.setInt32(at, part);
      at += 4;
    } else {
      bytes.set(part, at);
      at += part.length;
    }
  }
  return bytes;
}

/** A NUL in it would end the text early, and what follows would be read as something else. */
function cString(text: string): Uint8Array {
  if (text.includes("\0")) throw new RangeError("a NUL character cannot be sent to PostgreSQL");
  return utf8.encode(`${text}\0`);
}

function message(type: string, ...parts: Part[]): Uint8Array {
  const body = join(parts);
  return join([utf8.encode(type), body.length + 4, body]);
}

function untyped(...parts: Part[]): Uint8Array {
  const body = join(parts);
  return join([body.length + 4, body]);
}

/** Asks for TLS. */
export function sslRequest(): Uint8Array {
  return untyped(SSL_REQUEST_CODE);
}

/** Asks to cancel what a session runs; the first and only message of its connection. */
export function cancelRequest({ pid, secret }: BackendKey): Uint8Array {
  return untyped(CANCEL_REQUEST_CODE, pid, secret);
}

/** Begins a session. */
export function startup(parameters: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [
    cString(name),
    cString(value),
  ]);
  return untyped(PROTOCOL_VERSION, ...pairs, cString(""));
}

/** The answer to a request for a password, plain or hashed. */
export function password(text: string): Uint8Array {
  return message("p", cString(text));
}

/** Chooses a mechanism, with its first message. */
export function saslInitialResponse(mechanism: string, response: string): Uint8Array {
  const bytes = utf8.encode(response);
  return message("p", cString(mechanism), bytes.length, bytes);
}

/** A later message of the mechanism. */
export function saslResponse(response: string): Uint8Array {
  return message("p", utf8.encode(response));
}

const UNNAMED = cString("");
const ALL_ROWS = 0;
const NO_PARAMETERS = new Uint8Array(2);
const SYNC = message("S");

/** How values come. */
export type ResultFormat = "text" | "binary";

/** Parses one statement, and no more: a second one is an error. */
export function parse(sql: string): Uint8Array {
  return message("P", UNNAMED, cString(sql), NO_PARAMETERS);
}

/** Runs the statement that was parsed last. @param describe has the server describe its result first. */
export function execute(format: ResultFormat, describe = false): Uint8Array {
  const formats = Uint8Array.of(0, 1, 0, format === "binary" ? 1 : 0);
  return join([
    message("B", UNNAMED, UNNAMED, NO_PARAMETERS, NO_PARAMETERS, formats),
    ...describe ? [message("D", utf8.encode("P"), UNNAMED)] : [],
    message("E", UNNAMED, ALL_ROWS),
  ]);
}

/** What ends a flight: after an error the server skips everything up to it. */
export function flight(...messages: readonly Uint8Array[]): Uint8Array {
  return join([...messages, SYNC]);
}

/** Ends the session. */
export function terminate(): Uint8Array {
  return message("X");
}
