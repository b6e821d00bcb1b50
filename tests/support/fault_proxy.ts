/**
 * A TCP proxy in front of a server, which makes chosen requests go wrong. It gives every request a
 * connection of its own (`Connection: close`) and passes its bytes on untouched otherwise, so that
 * signatures stay valid.
 */

export type Fault =
  /** Breaks the connection after so many bytes of the request's body. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** Passes nothing on after so many bytes of the request's body, and keeps the connection. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  /** Answers itself, after taking the whole request. */
  | { readonly kind: "answer"; readonly status: number; readonly retryAfter?: string }
  /** The server does the request, and its answer is lost. */
  | { readonly kind: "lose_answer" }
  /** The answer breaks off this many bytes before its end. */
  | { readonly kind: "truncate"; readonly missingBytes: number };

export interface FaultProxy {
  readonly endpoint: string;
  /** `METHOD target` of every request so far. */
  readonly requests: readonly string[];
  /** Their heads, whole. */
  readonly heads: readonly string[];
  /** Bytes of request bodies that clients have sent so far. */
  readonly bodyBytes: number;
  /**
   * The next `times` requests whose head matches, from `METHOD target` on, go wrong in this way. Resolves when the
   * first of them has come.
   */
  break(match: RegExp, fault: Fault, times?: number): Promise<void>;
  /** Forgets what was to go wrong. */
  heal(): void;
  stop(): Promise<void>;
}

/** Of a throttled body. */
const SLICE_BYTES = 64 * 1024;

interface Rule {
  readonly match: RegExp;
  readonly fault: Fault;
  left: number;
  readonly came: () => void;
}

export function startFaultProxy(targetPort: number): FaultProxy {
  return new TcpProxy(targetPort);
}

class TcpProxy implements FaultProxy {
  readonly endpoint: string;
  readonly requests: string[] = [];
  readonly heads: string[] = [];
  bodyBytes = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #targetPort: number;
  readonly #rules: Rule[] = [];
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.endpoint = `http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
    this.#serving = this.#serve();
  }

  break(match: RegExp, fault: Fault, times = 1): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#rules.push({ match, fault, left: times, came: resolve });
    return promise;
  }

  heal(): void {
    this.#rules.length = 0;
  }

  async stop(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const handling: Promise<void>[] = [];
    for await (const client of this.#listener) handling.push(this.#handle(client));
    await Promise.all(handling);
  }

  async #handle(client: Deno.Conn): Promise<void> {
    this.#open.add(client);
    let server: Deno.Conn | null = null;
    try {
      const request = await readHead(client);
      if (request === null) return;
      const head = new TextDecoder().decode(request.bytes);
      this.requests.push(request.line);
      this.heads.push(head);
      const rule = this.#rules.find(({ match, left }) => left > 0 && match.test(head));
      if (rule !== undefined) {
        rule.left--;
        rule.came();
      }
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.#targetPort });
      this.#open.add(server);
      await this.#relay(client, server, request, rule?.fault ?? null);
    } catch {
      // A connection that one of the three sides has broken: what the test is about.
    } finally {
      for (const connection of [client, server]) {
        if (connection === null) continue;
        close(connection);
        this.#open.delete(connection);
      }
    }
  }

  async #relay(
    client: Deno.Conn,
    server: Deno.Conn,
    request: Head,
    fault: Fault | null,
  ): Promise<void> {
    if (fault?.kind !== "answer") await writeAll(server, request.bytes);
    const cut = fault?.kind === "reset" || fault?.kind === "stall" ? fault.afterBytes : Infinity;
    const sending = this.#sendBody(client, fault?.kind === "answer" ? null : server, request, {
      limit: cut,
      bytesPerSecond: fault?.kind === "throttle" ? fault.bytesPerSecond : Infinity,
    });
    switch (fault?.kind) {
      case "reset":
        return await sending;
      case "stall":
        await sending;
        // Until the client gives up.
        return await drain(client, () => {});
      case "answer":
        await sending;
        return await writeAll(client, answerOf(fault));
      case "lose_answer":
        await sending;
        return void await server.read(new Uint8Array(1024));
      case "truncate":
        await sending;
        return await passTruncated(server, client, fault.missingBytes);
      case "throttle":
      case undefined:
        await drain(server, (chunk) => writeAll(client, chunk));
        // A server may answer before the whole body has come.
        close(client);
        return await sending;
    }
  }

  /** Passes the body on up to `limit` bytes; null: nowhere. */
  async #sendBody(
    client: Deno.Conn,
    server: Deno.Conn | null,
    request: Head,
    { limit, bytesPerSecond }: { readonly limit: number; readonly bytesPerSecond: number },
  ): Promise<void> {
    let left = request.contentLength;
    let passed = 0;
    let chunk = request.rest;
    for (;;) {
      this.bodyBytes += chunk.length;
      left -= chunk.length;
      const allowed = chunk.subarray(0, Math.max(0, limit - passed));
      for (let at = 0; server !== null && at < allowed.length; at += SLICE_BYTES) {
        const slice = allowed.subarray(at, at + SLICE_BYTES);
        if (bytesPerSecond !== Infinity) await sleep((slice.length / bytesPerSecond) * 1000);
        await writeAll(server, slice);
      }
      passed += allowed.length;
      if (left <= 0 || passed >= limit) return;
      const next = await readChunk(client);
      if (next === null) return;
      chunk = next;
    }
  }
}

interface Head {
  readonly line: string;
  /** With `Connection: close`. */
  readonly bytes: Uint8Array;
  /** Bytes of the body that came with the head. */
  readonly rest: Uint8Array;
  readonly contentLength: number;
}

async function readHead(client: Deno.Conn): Promise<Head | null> {
  let text = "";
  for (;;) {
    const chunk = await readChunk(client);
    if (chunk === null) return null;
    // One character per byte.
    for (const byte of chunk) text += String.fromCharCode(byte);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const lines = text.slice(0, end).split("\r\n").filter((line) => !/^connection:/i.test(line));
    const length = /^content-length: *(\d+)$/im.exec(lines.join("\n"))?.[1];
    const chunked = lines.some((line) => /^transfer-encoding: *chunked$/i.test(line));
    const head = [...lines, "Connection: close", "", ""].join("\r\n");
    return {
      line: lines[0].replace(/ HTTP\/1\.1$/, ""),
      bytes: latin1(head),
      rest: latin1(text.slice(end + 4)),
      contentLength: chunked ? Infinity : Number(length ?? 0),
    };
  }
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

async function readChunk(connection: Deno.Conn): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(64 * 1024);
  const read = await connection.read(buffer);
  return read === null ? null : buffer.subarray(0, read);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function drain(
  connection: Deno.Conn,
  take: (chunk: Uint8Array) => Promise<void> | void,
): Promise<void> {
  for (let chunk = await readChunk(connection); chunk; chunk = await readChunk(connection)) {
    await take(chunk);
  }
}

async function passTruncated(from: Deno.Conn, to: Deno.Conn, missing: number): Promise<void> {
  const chunks: Uint8Array[] = [];
  await drain(from, (chunk) => void chunks.push(chunk.slice()));
  const whole = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  await writeAll(to, whole.subarray(0, whole.length - missing));
}

function answerOf({ status, retryAfter }: Extract<Fault, { kind: "answer" }>): Uint8Array {
  const lines = [
    `HTTP/1.1 ${status} Fault`,
    "Content-Length: 0",
    "Connection: close",
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
  ];
  return latin1(`${lines.join("\r\n")}\r\n\r\n`);
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
