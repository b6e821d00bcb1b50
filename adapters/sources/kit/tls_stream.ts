/**
 * TLS over another stream. The runtime's TLS takes in what comes, read or not; here it gets bytes only
 * while somebody waits for the text of them, so that an unread result stays at the server.
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import tls from "node:tls";
import type { ByteStream } from "./byte_stream.ts";

const PIECE_BYTES = 64 * 1024;
/** TLS decrypts in its own time: why the server hangs up is to be read before that it did. */
const LAST_WORDS_MS = 50;

type Done = (error?: Error | null) => void;

/** The stream below as TLS wants it, reading only while its gate is open. */
class Gate extends Duplex {
  readonly #stream: ByteStream;
  #open = true;
  #wanted = false;
  #reading = false;

  constructor(stream: ByteStream) {
    super({ allowHalfOpen: false });
    this.#stream = stream;
  }

  set open(open: boolean) {
    this.#open = open;
    this.#pump();
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  #pump(): void {
    if (!this.#open || !this.#wanted || this.#reading) return;
    this.#reading = true;
    this.#wanted = false;
    const piece = new Uint8Array(PIECE_BYTES);
    this.#stream.read(piece).then((count) => {
      this.#reading = false;
      if (count === null) return void setTimeout(() => this.push(null), LAST_WORDS_MS);
      this.push(Buffer.from(piece.buffer, 0, count));
      this.#pump();
    }, (error) => this.destroy(error));
  }

  override _write(bytes: Buffer, _encoding: string, done: Done): void {
    this.#stream.write(bytes).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stream.close();
    done(error);
  }
}

/** A stream that is encrypted. */
export class TlsStream implements ByteStream {
  readonly #gate: Gate;
  readonly #secure: tls.TLSSocket;
  readonly #pieces: Buffer[] = [];
  #ended = false;
  #error: unknown = null;
  #wake = () => {};

  private constructor(gate: Gate, secure: tls.TLSSocket) {
    this.#gate = gate;
    this.#secure = secure;
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    secure.on("data", (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#wake();
    });
    secure.on("end", end);
    secure.on("close", end);
    secure.on("error", (error) => {
      this.#error ??= error;
      end();
    });
  }

  /** The handshake. Throws what `tls.connect` reports; the stream below is closed then. */
  static async open(stream: ByteStream, options: tls.ConnectionOptions): Promise<TlsStream> {
    const gate = new Gate(stream);
    const secure = tls.connect({ ...options, socket: gate });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onClose = () => reject(new Error("the server closed the connection in the handshake"));
    secure.once("secureConnect", resolve);
    secure.once("error", reject);
    secure.once("close", onClose);
    gate.once("error", reject);
    try {
      await promise;
    } catch (error) {
      secure.on("error", () => {});
      gate.on("error", () => {});
      secure.destroy();
      gate.destroy();
      throw error;
    }
    secure.off("error", reject);
    secure.off("close", onClose);
    return new TlsStream(gate, secure);
  }

  /** The server's certificate (DER). */
  get certificate(): Uint8Array {
    return this.#secure.getPeerCertificate(true).raw;
  }

  async read(target: Uint8Array): Promise<number | null> {
    const first = await this.#arrived();
    if (first === null) return null;
    const count = Math.min(first.length, target.length);
    target.set(first.subarray(0, count));
    if (count === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(count);
    return count;
  }

  /** What came next, as it lies: the caller's from now on. Null when the other side has closed. */
  async take(): Promise<Uint8Array | null> {
    const first = await this.#arrived();
    this.#pieces.shift();
    return first;
  }

  /** The first piece that nobody has taken. */
  async #arrived(): Promise<Buffer | null> {
    while (this.#pieces.length === 0) {
      if (this.#ended) {
        if (this.#error !== null) throw this.#error;
        return null;
      }
      this.#gate.open = true;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#gate.open = false;
    return this.#pieces[0];
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#secure.write(bytes, (error) => error ? reject(error) : resolve());
    });
  }

  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      // A socket that is closed calls nobody back.
      if (this.#secure.destroyed) return resolve();
      this.#secure.once("close", () => resolve());
      this.#secure.end(() => resolve());
    });
  }

  close(): void {
    this.#secure.destroy();
    this.#gate.destroy();
  }
}
