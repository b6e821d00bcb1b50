/**
 * TLS in front of a server that speaks plain HTTP: connections stay open as long as the server keeps
 * them, requests are counted, and connections can be closed without an answer, as stores do it.
 */
import { type Authority, type Certificate, makeAuthority } from "./certificates.ts";

export interface TlsFront {
  /** `https://localhost:PORT` */
  readonly endpoint: string;
  readonly port: number;
  /** A file with the authority's certificate. */
  readonly caFile: string;
  /** `METHOD target` of every request so far. */
  readonly requests: readonly string[];
  /** That were opened so far. */
  readonly connections: number;
  /** Closes the connections that wait for a request. */
  hangUp(): Promise<void>;
  /** The next request of a connection that has carried one is taken, and the connection closed. */
  swallow(): void;
  stop(): Promise<void>;
}

export interface TlsFrontOptions {
  /** Else one for localhost and 127.0.0.1 from an authority of its own. */
  readonly certificate?: Certificate;
  /** What `caFile` holds, with a certificate of the caller's. */
  readonly trusted?: string;
}

export async function startTlsFront(
  targetPort: number,
  options: TlsFrontOptions = {},
): Promise<TlsFront> {
  const authority: Authority = await makeAuthority();
  const certificate = options.certificate ??
    await authority.issue({ names: ["localhost", "127.0.0.1"] });
  const caFile = await Deno.makeTempFile({ prefix: "rivet-ca-", suffix: ".pem" });
  await Deno.writeTextFile(caFile, options.trusted ?? authority.cert);
  return new Front(targetPort, certificate, caFile);
}

class Front implements TlsFront {
  readonly endpoint: string;
  readonly port: number;
  readonly caFile: string;
  readonly requests: string[] = [];
  connections = 0;
  readonly #listener: Deno.TlsListener;
  readonly #targetPort: number;
  readonly #open = new Set<Carried>();
  readonly #serving: Promise<void>;
  #swallow = 0;

  constructor(targetPort: number, { cert, key }: Certificate, caFile: string) {
    this.#targetPort = targetPort;
    this.caFile = caFile;
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    this.port = this.#listener.addr.port;
    this.endpoint = `https://localhost:${this.port}`;
    this.#serving = this.#serve();
  }

  async hangUp(): Promise<void> {
    const idle = [...this.#open].filter((carried) => carried.idle);
    for (const carried of idle) carried.close();
    await Promise.all(idle.map((carried) => carried.ended));
  }

  swallow(): void {
    this.#swallow++;
  }

  async stop(): Promise<void> {
    this.#listener.close();
    for (const carried of this.#open) carried.close();
    await this.#serving;
    await Deno.remove(this.caFile);
  }

  async #serve(): Promise<void> {
    const serving: Promise<void>[] = [];
    for (;;) {
      let client: Deno.TlsConn;
      try {
        client = await this.#listener.accept();
      } catch {
        // Closed: the test is over.
        break;
      }
      this.connections++;
      const carried = new Carried(
        client,
        this.#targetPort,
        (line, first) => this.#admit(line, first),
      );
      this.#open.add(carried);
      serving.push(carried.ended.then(() => void this.#open.delete(carried)));
    }
    await Promise.all(serving);
  }

  #admit(line: string, first: boolean): boolean {
    this.requests.push(line);
    if (this.#swallow === 0 || first) return true;
    this.#swallow--;
    return false;
  }
}

/** One client's connection, and the server's that answers it. */
class Carried {
  readonly ended: Promise<void>;
  idle = true;
  readonly #client: Deno.Conn;
  #server: Deno.Conn | null = null;

  constructor(
    client: Deno.Conn,
    port: number,
    admit: (line: string, first: boolean) => boolean,
  ) {
    this.#client = client;
    this.ended = this.#carry(port, admit)
      .catch(() => {
        // One of both sides went away: what a test does, or the end of it.
      })
      .finally(() => this.close());
  }

  close(): void {
    for (const connection of [this.#client, this.#server]) {
      try {
        connection?.close();
      } catch {
        // Closed already.
      }
    }
  }

  async #carry(port: number, admit: (line: string, first: boolean) => boolean): Promise<void> {
    const server = this.#server = await Deno.connect({ hostname: "127.0.0.1", port });
    const answers = this.#answers(server);
    let rest: Uint8Array = new Uint8Array(0);
    for (let first = true;; first = false) {
      const head = await readHead(this.#client, rest);
      if (head === null) break;
      this.idle = false;
      if (!admit(head.line, first)) break;
      await writeAll(server, head.bytes);
      rest = await this.#passBody(server, head);
      await answers.next();
      this.idle = true;
    }
    server.close();
    await answers.ended;
  }

  /** Returns what came behind the body. */
  async #passBody(server: Deno.Conn, { rest, contentLength }: Head): Promise<Uint8Array> {
    let left = contentLength;
    let chunk = rest;
    for (;;) {
      const own = chunk.subarray(0, left);
      await writeAll(server, own);
      left -= own.length;
      if (left === 0) return chunk.subarray(own.length);
      const next = await readChunk(this.#client);
      if (next === null) throw new Error("the client left in the middle of a body");
      chunk = next;
    }
  }

  /** Passes the server's bytes on; `next` resolves with the first ones that come after it was asked. */
  #answers(server: Deno.Conn): { next(): Promise<void>; readonly ended: Promise<void> } {
    let came = Promise.withResolvers<void>();
    const pass = async () => {
      for (let chunk = await readChunk(server); chunk; chunk = await readChunk(server)) {
        await writeAll(this.#client, chunk);
        came.resolve();
      }
    };
    const ended = pass().catch(() => {}).finally(() => {
      came.resolve();
      // What the server closed, its client must see closed.
      this.close();
    });
    return {
      ended,
      next: async () => {
        await came.promise;
        came = Promise.withResolvers<void>();
      },
    };
  }
}

interface Head {
  readonly line: string;
  readonly bytes: Uint8Array;
  readonly rest: Uint8Array;
  readonly contentLength: number;
}

async function readHead(client: Deno.Conn, rest: Uint8Array): Promise<Head | null> {
  const bytes = [...rest];
  for (;;) {
    const text = String.fromCharCode(...bytes.slice(0, 16_384));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      return {
        line: text.slice(0, text.indexOf("\r\n")).replace(/ HTTP\/1\.1$/, ""),
        bytes: new TextEncoder().encode(
          `${text.slice(0, end)}\r\nx-forwarded-proto: https\r\n\r\n`,
        ),
        rest: Uint8Array.from(bytes.slice(end + 4)),
        contentLength: Number(/^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1] ?? 0),
      };
    }
    const chunk = await readChunk(client);
    if (chunk === null) return null;
    bytes.push(...chunk);
  }
}

async function readChunk(connection: Deno.Conn): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(64 * 1024);
  const read = await connection.read(buffer);
  return read === null ? null : buffer.subarray(0, read);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
