/**
 * The RowDescription of a statement, read off the socket while postgres.js runs it: its columns come
 * without the type modifier, which holds the (p,s) of a numeric.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ROWDESCRIPTION
 */
import type net from "node:net";

export interface ResultField {
  readonly name: string;
  /** OID of the table that the column comes from unchanged, or 0. */
  readonly table: number;
  /** Number of the column in that table. */
  readonly attribute: number;
  readonly type: number;
  /** -1 for none. */
  readonly modifier: number;
}

const ROW_DESCRIPTION = "T".charCodeAt(0);
const utf8 = new TextDecoder();

/** The fields of the last RowDescription among whole messages. */
export function parseRowDescription(messages: Uint8Array): ResultField[] {
  const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  let fields: ResultField[] = [];
  for (let at = 0; at + 5 <= messages.length;) {
    const end = at + 1 + view.getInt32(at + 1);
    if (messages[at] === ROW_DESCRIPTION && end <= messages.length) {
      fields = parseFields(messages, view, at + 5);
    }
    at = end;
  }
  return fields;
}

function parseFields(messages: Uint8Array, view: DataView, start: number): ResultField[] {
  const fields: ResultField[] = [];
  let at = start + 2;
  for (let i = view.getInt16(start); i > 0; i--) {
    const end = messages.indexOf(0, at);
    const name = utf8.decode(messages.subarray(at, end));
    at = end + 1;
    fields.push({
      name,
      table: view.getUint32(at),
      attribute: view.getInt16(at + 4),
      type: view.getUint32(at + 6),
      modifier: view.getInt32(at + 12),
    });
    at += 18;
  }
  return fields;
}

/** Runs `statement` on an idle connection and returns the fields of its result. */
export async function readDescription(
  socket: net.Socket,
  statement: () => Promise<void>,
): Promise<ResultField[]> {
  const pieces: Uint8Array[] = [];
  const tap = (piece: Uint8Array) => {
    pieces.push(piece);
  };
  socket.on("data", tap);
  try {
    await statement();
  } finally {
    socket.off("data", tap);
  }
  return parseRowDescription(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).bytes());
}
