/** One session's messages over its stream. */
import type { Steps } from "../../kit/steps.ts";
import { MAX_PACKET_BYTES } from "./client_messages.ts";
import type { Collation } from "./collation.ts";
import {
  MESSAGE,
  MESSAGE_NAMES,
  packetsOf,
  PacketSplitter,
  type PacketTaker,
  ProtocolError,
} from "./packets.ts";

/** What a session is read from and written to. */
export interface Channel {
  /** What came next, the caller's from now on; null when the other side has closed. */
  take(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  /** Idempotent. What is under way fails. */
  close(): void;
}

/** The stream has ended. */
export class LostError extends Error {
  override readonly name = "LostError";
  readonly code = "ECONNRESET";
}

/** Reads one message. */
export interface MessageReader {
  append(bytes: Uint8Array): void;
  /** Some bytes have come. */
  read(): void;
  /** All have. */
  end(): void;
}

const NOTHING = new Uint8Array(0);
const DESCRIPTOR_BYTES = 8;

/** A session, as far as both sides keep something of it. */
export class Wire implements PacketTaker {
  /** Largest packet that the server takes. */
  packetBytes = MAX_PACKET_BYTES;
  /** Of the database, if the server told. */
  collation: Collation | undefined;
  /** All that has come. */
  receivedBytes = 0;
  readonly #channel: Channel;
  readonly #steps: Steps | null;
  readonly #splitter = new PacketSplitter();
  /** The descriptor of the transaction that is open; zeros for none. */
  #transaction: Uint8Array = new Uint8Array(DESCRIPTOR_BYTES);
  /** What has come, of which `[at, length)` was not looked at. */
  #piece: Uint8Array = NOTHING;
  #at = 0;
  #reader: MessageReader | null = null;
  #sent = Promise.resolve();

  /** @param steps told of every packet. */
  constructor(channel: Channel, steps: Steps | null) {
    this.#channel = channel;
    this.#steps = steps;
  }

  get transaction(): Uint8Array {
    return this.#transaction;
  }

  set transaction(descriptor: Uint8Array | null) {
    this.#transaction = descriptor ?? new Uint8Array(DESCRIPTOR_BYTES);
  }

  /** Bytes that came behind the last message. */
  get ahead(): number {
    return this.#piece.length - this.#at;
  }

  /**
   * Not awaited: a server that has hung up has said why before, which is still to be read. So every
   * failure shows when the answer is awaited. Each packet is a write of its own, and so has its own TLS records.
   */
  send(type: number, body: Uint8Array = NOTHING): void {
    for (const packet of packetsOf(type, body, this.packetBytes)) {
      this.#steps?.sent(MESSAGE_NAMES[type], packet.length);
      this.#sent = this.#sent.then(() => this.#channel.write(packet)).catch(() => {
        // The next read tells.
      });
    }
  }

  /** Waits for more of a message; true when that was its end. @throws LostError, ProtocolError */
  async receive(reader: MessageReader): Promise<boolean> {
    if (this.ahead === 0) {
      this.#piece = NOTHING;
      this.#at = 0;
      const piece = await this.#channel.take();
      if (piece === null) throw new LostError("the server closed the connection");
      this.receivedBytes += piece.length;
      this.#piece = piece;
    }
    this.#reader = reader;
    const { at, ended } = this.#splitter.split(this.#piece, this.#at, this);
    this.#at = at;
    reader.read();
    if (ended) reader.end();
    return ended;
  }

  header(type: number, length: number): void {
    if (type !== MESSAGE.response) throw new ProtocolError(`a message of type ${type}`);
    this.#steps?.received(MESSAGE_NAMES[type], length);
  }

  payload(bytes: Uint8Array): void {
    this.#reader?.append(bytes);
  }

  /** A state of the session begins. */
  step(from: string, to: string): void {
    this.#steps?.step(`state change: ${from} -> ${to}`);
  }

  close(): void {
    this.#channel.close();
  }
}
