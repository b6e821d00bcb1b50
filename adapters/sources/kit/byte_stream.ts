/** What a session reads from and writes to: TCP, a Unix socket, or TLS over one of them. */

/** Nothing is read ahead: what nobody asks for stays with the system, which holds the server back. */
export interface ByteStream {
  /** Reads into `target`: how many bytes, at least one; null when the other side has closed. */
  read(target: Uint8Array): Promise<number | null>;
  /** Writes all of it. */
  write(bytes: Uint8Array): Promise<void>;
  /** Tells the other side that nothing more is written. Never throws. */
  end(): Promise<void>;
  /** Idempotent. What is under way fails. */
  close(): void;
}

/** TCP or a Unix socket. */
export class SocketStream implements ByteStream {
  readonly #socket: Deno.Conn;
  #closed = false;

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  read(target: Uint8Array): Promise<number | null> {
    return this.#socket.read(target);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  async end(): Promise<void> {
    try {
      await this.#socket.closeWrite();
    } catch {
      // The other side was faster.
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
