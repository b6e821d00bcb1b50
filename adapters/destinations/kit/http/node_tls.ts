/**
 * TLS by `node:tls`, which takes a certificate that is trusted by itself for its server's, also where it
 * is an authority's. Nothing is paused here: the runtime's sockets of this kind stall then.
 */
import type { Buffer } from "node:buffer";
import { connect, type TLSSocket } from "node:tls";
import type { Origin } from "./message.ts";
import type { ByteSocket, SocketOptions } from "./byte_socket.ts";

export function openNodeTls(
  { hostname, port }: Origin,
  { caCerts, signal }: SocketOptions,
): Promise<ByteSocket> {
  return new Promise((resolve, reject) => {
    const isAddress = /^[\d.]+$|:/.test(hostname);
    const socket = connect({
      host: hostname,
      port,
      ca: [...caCerts],
      ...(isAddress ? {} : { servername: hostname }),
    });
    const onAbort = () => socket.destroy(new Error("aborted"));
    signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (outcome: () => void) => {
      signal?.removeEventListener("abort", onAbort);
      outcome();
    };
    socket.once("secureConnect", () => settle(() => resolve(new NodeSocket(socket))));
    socket.on("error", (error) => settle(() => reject(error)));
  });
}

class NodeSocket implements ByteSocket {
  readonly #socket: TLSSocket;
  readonly #came: Uint8Array[] = [];
  #ended: Error | null | undefined;
  #wake = () => {};

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#came.push(new Uint8Array(chunk));
      this.#wake();
    });
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(null));
    socket.on("end", () => this.#end(null));
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#came.length === 0) {
      if (this.#ended === null) return null;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const chunk = this.#came[0];
    const taken = chunk.subarray(0, into.length);
    into.set(taken);
    if (taken.length === chunk.length) this.#came.shift();
    else this.#came[0] = chunk.subarray(taken.length);
    return taken.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(error: Error | null): void {
    this.#ended ??= error;
    this.#wake();
  }
}
