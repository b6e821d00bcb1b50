/** TDS messages over a byte stream: packets with a header of eight bytes ([MS-TDS] 2.2.3). */
import { Buffer } from "node:buffer";

export const PACKET = {
  SQL_BATCH: 0x01,
  RESPONSE: 0x04,
  ATTENTION: 0x06,
  LOGIN7: 0x10,
  PRELOGIN: 0x12,
} as const;

const HEADER_BYTES = 8;
const END_OF_MESSAGE = 1;
const IGNORE = 2;

/** A byte stream in both directions: a socket, or one under TLS. */
export interface Wire {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

export interface Message {
  readonly type: number;
  readonly body: Buffer;
  /** The client withdrew it before it was complete. */
  readonly ignored: boolean;
}

export function packet(type: number, body: Uint8Array, last: boolean): Buffer {
  const header = Buffer.from([type, last ? END_OF_MESSAGE : 0, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(HEADER_BYTES + body.length, 2);
  return Buffer.concat([header, body]);
}

export async function writeAll(wire: Wire, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await wire.write(bytes.subarray(at));
}

export class PacketReader {
  readonly #wire: Wire;
  #buffer = Buffer.alloc(0);

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The next message, or null when the client has gone. */
  async message(): Promise<Message | null> {
    const bodies: Buffer[] = [];
    for (;;) {
      const header = await this.#take(HEADER_BYTES);
      if (header === null) return null;
      const body = await this.#take(header.readUInt16BE(2) - HEADER_BYTES);
      if (body === null) return null;
      bodies.push(body);
      const status = header[1];
      if ((status & END_OF_MESSAGE) === 0) continue;
      return {
        type: header[0],
        body: Buffer.concat(bodies),
        ignored: (status & IGNORE) !== 0,
      };
    }
  }

  /** What came after the last message. */
  rest(): Buffer {
    const rest = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    return rest;
  }

  async #take(count: number): Promise<Buffer | null> {
    while (this.#buffer.length < count) {
      const piece = new Uint8Array(64 * 1024);
      const read = await this.#wire.read(piece).catch(() => null);
      if (read === null) return null;
      this.#buffer = Buffer.concat([this.#buffer, piece.subarray(0, read)]);
    }
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }
}
