/** Messages travel in packets, each with a header of eight bytes. [MS-TDS] 2.2.3 */

/** Types of messages. */
export const MESSAGE = {
  sqlBatch: 0x01,
  response: 0x04,
  attention: 0x06,
  login7: 0x10,
  prelogin: 0x12,
} as const;

/** As the log calls them. */
export const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  [MESSAGE.sqlBatch]: "SQL_BATCH",
  [MESSAGE.response]: "TABULAR_RESULT",
  [MESSAGE.attention]: "ATTENTION",
  [MESSAGE.login7]: "LOGIN7",
  [MESSAGE.prelogin]: "PRELOGIN",
};

/** In front of every packet. */
export const HEADER_BYTES = 8;
const STATUS = 1;
const LENGTH = 2;
const NUMBER = 6;
const END_OF_MESSAGE = 1;

/** What was sent is not the protocol; nothing that follows can be understood. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code = "EPROTOCOL";
}

/** A message as packets of at most `packetBytes`. */
export function packetsOf(
  type: number,
  body: Uint8Array,
  packetBytes: number,
): Uint8Array<ArrayBuffer>[] {
  const packets: Uint8Array<ArrayBuffer>[] = [];
  const room = packetBytes - HEADER_BYTES;
  let at = 0;
  do {
    const part = body.subarray(at, at + room);
    at += part.length;
    const packet = new Uint8Array(HEADER_BYTES + part.length);
    packet[0] = type;
    packet[STATUS] = at === body.length ? END_OF_MESSAGE : 0;
    new DataView(packet.buffer).setUint16(LENGTH, packet.length);
    packet[NUMBER] = packets.length + 1;
    packet.set(part, HEADER_BYTES);
    packets.push(packet);
  } while (at < body.length);
  return packets;
}

/** Told what comes, as it lies. */
export interface PacketTaker {
  /** A packet begins. */
  header(type: number, length: number): void;
  /** Some of a message's bytes. */
  payload(bytes: Uint8Array): void;
}

/** Takes the headers out of the bytes that come, wherever these are cut. */
export class PacketSplitter {
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  /** Bytes of the packet that are still to come. */
  #left = 0;
  #last = false;

  /**
   * Gives `taker` what is in `[at, bytes.length)`, up to the end of the message. Returns where it stopped, and
   * whether the message ended there. @throws ProtocolError
   */
  split(
    bytes: Uint8Array,
    at: number,
    taker: PacketTaker,
  ): { readonly at: number; readonly ended: boolean } {
    while (at < bytes.length) {
      if (this.#headerBytes < HEADER_BYTES) {
        at = this.#takeHeader(bytes, at, taker);
        if (this.#headerBytes < HEADER_BYTES) break;
      }
      const end = Math.min(bytes.length, at + this.#left);
      if (end > at) taker.payload(bytes.subarray(at, end));
      this.#left -= end - at;
      at = end;
      if (this.#left > 0) break;
      this.#headerBytes = 0;
      if (this.#last) return { at, ended: true };
    }
    return { at, ended: false };
  }

  #takeHeader(bytes: Uint8Array, at: number, taker: PacketTaker): number {
    const count = Math.min(HEADER_BYTES - this.#headerBytes, bytes.length - at);
    const header = this.#header;
    header.set(bytes.subarray(at, at + count), this.#headerBytes);
    this.#headerBytes += count;
    if (this.#headerBytes === HEADER_BYTES) {
      const length = (header[LENGTH] << 8) | header[LENGTH + 1];
      if (length < HEADER_BYTES) throw new ProtocolError(`a packet of ${length} bytes`);
      this.#left = length - HEADER_BYTES;
      this.#last = (header[STATUS] & END_OF_MESSAGE) !== 0;
      taker.header(header[0], length);
    }
    return at + count;
  }
}
