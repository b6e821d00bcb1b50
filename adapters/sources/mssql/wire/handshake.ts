/** The handshake of TLS travels in PRELOGIN packets, everything after it is TLS alone. [MS-TDS] 3.2.5.2 */
import type { ByteStream } from "../../kit/byte_stream.ts";
import { MESSAGE, packetsOf, PacketSplitter, type PacketTaker } from "./packets.ts";

/** As long as nothing larger than a packet was agreed on. */
const PACKET_BYTES = 4096;

/** The stream that TLS runs over. */
export class HandshakeStream implements ByteStream, PacketTaker {
  readonly #stream: ByteStream;
  readonly #splitter = new PacketSplitter();
  /** Taken out of their packets, and not read. */
  #pieces: Uint8Array[] = [];
  #done = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** The handshake is over: there are no packets around TLS any more. */
  finish(): void {
    this.#done = true;
  }

  async read(target: Uint8Array): Promise<number | null> {
    while (this.#pieces.length === 0) {
      const count = await this.#stream.read(target);
      // Whoever waited when the handshake ended waited for what follows it.
      if (count === null || this.#done) return count;
      const bytes = target.slice(0, count);
      for (let at = 0; at < count;) at = this.#splitter.split(bytes, at, this).at;
    }
    const [first] = this.#pieces;
    const count = Math.min(first.length, target.length);
    target.set(first.subarray(0, count));
    if (count === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(count);
    return count;
  }

  header(): void {}

  payload(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#done) return await this.#stream.write(bytes);
    for (const packet of packetsOf(MESSAGE.prelogin, bytes, PACKET_BYTES)) {
      await this.#stream.write(packet);
    }
  }

  end(): Promise<void> {
    return this.#stream.end();
  }

  close(): void {
    this.#stream.close();
  }
}
