/**
 * The `ARROW:schema` key: the file's Arrow schema as a base64 IPC message, which gives Arrow readers exact
 * types and field metadata. https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
 */
import { Table, tableToIPC } from "apache-arrow";
import { arrowSchema } from "../../../core/types/arrow.ts";
import type { Column } from "../../../core/types/types.ts";

/** The footer's key for it. */
export const ARROW_SCHEMA_KEY = "ARROW:schema";

/** Continuation marker and length, before the message itself. */
const MESSAGE_PREFIX_BYTES = 8;

/** The schema message: the first of an IPC stream. */
export function encodeArrowSchema(columns: readonly Column[]): string {
  const stream = tableToIPC(new Table(arrowSchema(columns)), "stream");
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const message = stream.subarray(0, MESSAGE_PREFIX_BYTES + view.getInt32(4, true));
  return message.toBase64();
}
