/**
 * The bytes that came from the server, and the messages among them: a type byte, a 32-bit length that
 * counts itself, and the body.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { ReceivedBytes } from "../../kit/received_bytes.ts";
import { ProtocolError } from "./protocol_error.ts";

/** A message's type and length. */
export const HEADER_BYTES = 5;

/** A server allocates a message as one piece, which it limits to this. */
const MAX_MESSAGE_BYTES = 0x3fff_ffff;

/** A whole message. Its body is valid until the next read. */
export interface Frame {
  /** The character's code. */
  readonly type: number;
  readonly body: Uint8Array;
}

/** Consumed a message at a time. */
export class FrameBuffer extends ReceivedBytes {
  /** The length of the message at `start` without its type byte. @throws ProtocolError */
  lengthAt(start: number): number {
    const length = this.view.getInt32(start + 1);
    if (length >= 4 && length <= MAX_MESSAGE_BYTES) return length;
    const type = String.fromCharCode(this.bytes[start]);
    throw new ProtocolError(`a message ${JSON.stringify(type)} of ${length} bytes`);
  }

  /** True when the next message is complete. */
  get holdsFrame(): boolean {
    const pending = this.end - this.start;
    return pending >= HEADER_BYTES && pending > this.lengthAt(this.start);
  }

  /** Consumes the next message; null while it is not complete. */
  take(): Frame | null {
    if (!this.holdsFrame) return null;
    const { start } = this;
    const end = start + 1 + this.lengthAt(start);
    this.start = end;
    return { type: this.bytes[start], body: this.bytes.subarray(start + HEADER_BYTES, end) };
  }
}
