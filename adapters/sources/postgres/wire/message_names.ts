/** Messages by the names that the protocol's documentation gives them, for the log. */
import { FROM_SERVER } from "./server_messages.ts";

/** Types of the messages that this side sends after the startup. */
const TO_SERVER: Readonly<Record<string, string>> = {
  B: "Bind",
  C: "Close",
  D: "Describe",
  E: "Execute",
  H: "Flush",
  P: "Parse",
  S: "Sync",
  X: "Terminate",
  // SASL and MD5 answers share its type.
  p: "PasswordMessage",
};

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FROM_SERVER).map(([name, type]) => [type, name[0].toUpperCase() + name.slice(1)]),
);

/** Rows are no steps: a read may have millions of them. */
const ROWS: ReadonlySet<number> = new Set([FROM_SERVER.copyData, FROM_SERVER.dataRow]);

/** Of a message from the server; null for a row. */
export function receivedName(type: number): string | null {
  return ROWS.has(type) ? null : NAMES.get(type) ?? String.fromCharCode(type);
}

/** Of messages that are sent together, in their order. */
export function sentNames(bytes: Uint8Array): string {
  // A startup has no type; it begins with its length, which is below 16 MB.
  if (bytes[0] === 0) return "StartupMessage";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 1 + view.getInt32(at + 1)) {
    const type = String.fromCharCode(bytes[at]);
    names.push(TO_SERVER[type] ?? type);
  }
  return names.join(", ");
}
