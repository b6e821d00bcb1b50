/**
 * HTTP/1.1 to object stores, over the runtime's own sockets, with connections that are used again.
 *
 * The runtime's `node:https` is not used: over TLS, a body that is written in pieces on a used connection
 * may never arrive (docs/adr/0011-transport.md). Its `fetch` sends streamed bodies without a length, which
 * stores refuse.
 */
import { logger, logs } from "../../../../core/base/log.ts";
import { currentAttempt } from "../attempt.ts";
import { type FileRange, slices } from "../file_body.ts";
import { ResponseCut } from "../request_errors.ts";
import {
  asksForTls,
  authorityOf,
  headOf,
  type HttpAnswer,
  type HttpRequest,
  NotHttp,
  type Origin,
  SpeaksTls,
} from "./message.ts";
import type { Proxy, ProxyFor } from "./proxy.ts";
import { AnswerReader, type ReadAnswer } from "./reader.ts";
import type { ByteSocket } from "./byte_socket.ts";
import { closeQuietly, openSocket } from "./socket.ts";

/** Idle for longer, something on the way may have forgotten a connection without a word. */
const MAX_IDLE_MS = 30_000;
/** A body that is not larger goes in one write with its head. */
const SMALL_BYTES = 256 * 1024;

export interface HttpClientOptions {
  /** PEM, beside the certificates that the machine trusts. */
  readonly caCerts: readonly string[];
  readonly proxyFor: ProxyFor;
}

/** Without its query, which may hold a signature. */
function tell({ method, origin, target }: HttpRequest, status: number, took: number): void {
  if (!logs("debug")) return;
  const [path] = target.split("?", 1);
  const ms = Math.round(took);
  logger().debug(`${method} ${origin.hostname}:${origin.port}${path}: ${status}, ${ms} ms`, {
    ...{ method, host: origin.hostname, path, status, ms },
  });
}

/** Sends requests, one at a time on each connection. To be closed. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  /** Connections that wait for a request, the last used one last. */
  readonly #idle = new Map<string, Connection[]>();
  #closed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /**
   * Answers of every status are answers. What the attempt that is under way says (`attempt.ts`) ends the
   * request and is told of its progress.
   * @throws errors of the runtime, ResponseCut, NotHttp, SpeaksTls, ProxyRefusal
   */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const attempt = currentAttempt();
    for (;;) {
      attempt?.signal.throwIfAborted();
      const connection = this.#take(request.origin) ?? await this.#open(request.origin);
      const began = performance.now();
      try {
        const answer = await connection.exchange(request);
        tell(request, answer.status, performance.now() - began);
        if (!request.origin.secure && asksForTls(answer)) throw new SpeaksTls();
        this.#give(connection);
        return answer;
      } catch (error) {
        connection.close();
        // Closed by the store while it was idle, as was all that is as old: not worth a wait.
        if (!connection.diedUnanswered || attempt?.signal.aborted) throw error;
        this.#drop(request.origin);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const connections of this.#idle.values()) {
      for (const connection of connections) connection.close();
    }
    this.#idle.clear();
  }

  #take(origin: Origin): Connection | undefined {
    const connection = this.#idle.get(keyOf(origin))?.pop();
    if (connection === undefined || connection.idleMs <= MAX_IDLE_MS) return connection;
    connection.close();
    this.#drop(origin);
  }

  #give(connection: Connection): void {
    if (this.#closed || !connection.reusable) return connection.close();
    const key = keyOf(connection.origin);
    const idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, [connection]);
    else idle.push(connection);
  }

  #drop(origin: Origin): void {
    for (const connection of this.#idle.get(keyOf(origin)) ?? []) connection.close();
    this.#idle.delete(keyOf(origin));
  }

  async #open(origin: Origin): Promise<Connection> {
    const { caCerts, proxyFor } = this.#options;
    const proxy = proxyFor(origin);
    const tunnel = (socket: ByteSocket) => askTunnel(socket, origin, proxy as Proxy);
    const via = proxy === null ? null : { proxy: proxy.origin, tunnel };
    const signal = currentAttempt()?.signal;
    return new Connection(await openSocket(origin, via, { caCerts, signal }), origin, proxy);
  }
}

function keyOf({ secure, hostname, port }: Origin): string {
  return `${secure} ${hostname} ${port}`;
}

async function askTunnel(socket: ByteSocket, origin: Origin, proxy: Proxy): Promise<HttpAnswer> {
  const authority = `${
    origin.hostname.includes(":") ? `[${origin.hostname}]` : origin.hostname
  }:${origin.port}`;
  const request = { method: "CONNECT", origin, target: authority, headers: {}, body: [] };
  const extra = { host: authority, ...proxyHeaders(proxy) };
  await writeAll(socket, headOf(request, authority, extra));
  return await new AnswerReader((into) => socket.read(into), moved).answer("CONNECT");
}

function proxyHeaders({ authorization }: Proxy): Record<string, string> {
  return authorization === null ? {} : { "proxy-authorization": authorization };
}

class Connection {
  readonly origin: Origin;
  readonly #socket: ByteSocket;
  readonly #proxy: Proxy | null;
  readonly #reader: AnswerReader;
  #exchanges = 0;
  #usedAt = 0;
  #open = true;
  /** It may carry another request. */
  reusable = true;

  constructor(socket: ByteSocket, origin: Origin, proxy: Proxy | null) {
    this.#socket = socket;
    this.origin = origin;
    this.#proxy = proxy;
    this.#reader = new AnswerReader((into) => socket.read(into), moved);
  }

  get idleMs(): number {
    return performance.now() - this.#usedAt;
  }

  /** It had carried requests before, and ended without a byte of an answer to the last one. */
  get diedUnanswered(): boolean {
    return this.#exchanges > 1 && !this.#reader.begun;
  }

  async exchange(request: HttpRequest): Promise<HttpAnswer> {
    this.#exchanges++;
    this.#reader.begun = false;
    const signal = currentAttempt()?.signal;
    const onAbort = () => this.close();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const answer = await this.#exchange(request);
      this.reusable &&= answer.keepAlive;
      this.#usedAt = performance.now();
      return answer;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  close(): void {
    this.reusable = false;
    if (this.#open) closeQuietly(this.#socket);
    this.#open = false;
  }

  /** A store may refuse before it has taken the whole body; its answer says more than the broken write. */
  async #exchange(request: HttpRequest): Promise<ReadAnswer> {
    const answered = this.#reader.answer(request.method);
    const sent = this.#send(request);
    // Whichever fails later has nobody waiting for it.
    answered.catch(() => {});
    sent.catch(() => {});
    let whole = false;
    const sending = sent.then(() => void (whole = true));
    try {
      await Promise.race([answered, sending]);
    } catch (error) {
      return await this.#answerAfter(error, answered);
    }
    const answer = await answered;
    // What is left of the body would be taken for the next request.
    this.reusable &&= whole;
    return answer;
  }

  /** The answer that came before the connection broke; else `error`, which broke it. */
  async #answerAfter(error: unknown, answered: Promise<ReadAnswer>): Promise<ReadAnswer> {
    this.reusable = false;
    try {
      return await answered;
    } catch (reading) {
      throw reading instanceof NotHttp || reading instanceof SpeaksTls ||
          reading instanceof ResponseCut && this.#reader.begun
        ? reading
        : error;
    }
  }

  async #send(request: HttpRequest): Promise<void> {
    const plain = this.#proxy !== null && !this.origin.secure ? this.#proxy : null;
    const target = plain === null
      ? request.target
      : `http://${authorityOf(this.origin)}${request.target}`;
    const head = headOf(request, target, plain === null ? {} : proxyHeaders(plain));
    let first: Uint8Array | null = head;
    for await (const bytes of bodySlices(request.body)) {
      const together = first !== null && first.length + bytes.length <= SMALL_BYTES + head.length;
      if (together) {
        const both: Uint8Array = new Uint8Array(head.length + bytes.length);
        both.set(head);
        both.set(bytes, head.length);
        await this.#write(both);
      } else {
        if (first !== null) await this.#write(first);
        await this.#write(bytes);
      }
      first = null;
    }
    if (first !== null) await this.#write(first);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#socket, bytes);
  }
}

async function* bodySlices(
  body: readonly (Uint8Array | FileRange)[],
): AsyncGenerator<Uint8Array> {
  for (const part of body) {
    if (part instanceof Uint8Array) {
      for (let at = 0; at < part.length; at += SMALL_BYTES) {
        yield part.subarray(at, at + SMALL_BYTES);
      }
    } else yield* slices(part);
  }
}

async function writeAll(socket: ByteSocket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await socket.write(bytes.subarray(at));
    moved();
  }
}

function moved(): void {
  currentAttempt()?.moved();
}
