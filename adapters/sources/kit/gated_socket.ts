/**
 * The socket under TLS, with a gate. Under TLS a paused reader does not stop the runtime's socket: what
 * the server sends would pile up in memory, and a connection lost meanwhile would never be told of. The
 * gate stops the socket itself.
 */
import { Buffer } from "node:buffer";
import type net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";

/** Enough that the socket is seldom paused for being read too slowly. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** TLS decrypts in its own time: why a server hangs up is to be read before that it did. */
const LAST_WORDS_MS = 20;

type Done = (error?: Error | null) => void;

/** Bytes pass both ways; while it is shut, none are taken from the socket below. */
class GatedSocket extends Duplex {
  readonly #socket: net.Socket;
  #open = true;

  constructor(socket: net.Socket) {
    super({ allowHalfOpen: false, readableHighWaterMark: READ_AHEAD_BYTES });
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      if (!this.push(bytes)) socket.pause();
    });
    socket.on("end", () => setTimeout(() => this.push(null), LAST_WORDS_MS));
    socket.on("error", (error) => this.destroy(error));
    // After an orderly end, what was read before it is still to be handed over.
    socket.on("close", () => {
      if (!socket.readableEnded) this.destroy();
    });
  }

  /** What is on its way already may still arrive. */
  shut(): void {
    this.#open = false;
    this.#socket.pause();
  }

  open(): void {
    // Drivers resume with every row.
    if (this.#open) return;
    this.#open = true;
    this.#socket.resume();
  }

  override _read(): void {
    if (this.#open) this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: Done): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: Done): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.destroy();
    done(error);
  }
}

/** TLS over `socket`, which stops when the TLS socket is paused. Throws as `tls.connect` does. */
export function connectGated(socket: net.Socket, options: tls.ConnectionOptions): tls.TLSSocket {
  const gate = new GatedSocket(socket);
  const secure = tls.connect({ ...options, socket: gate });
  const { pause, resume } = secure;
  // The methods and not their events: mysql2 emits `pause` for a write that has to wait.
  return Object.assign(secure, {
    pause() {
      gate.shut();
      return pause.call(secure);
    },
    resume() {
      gate.open();
      return resume.call(secure);
    },
  });
}
