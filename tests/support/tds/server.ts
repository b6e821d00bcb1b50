/**
 * A server that speaks enough TDS 7.4 to be talked to by a real driver, and says what a script tells it:
 * PRELOGIN, LOGIN7 (under TLS), SQL batches, attentions. It records what it was asked.
 */
import { Buffer } from "node:buffer";
import type { TestCertificates } from "./certificate.ts";
import { type Message, PACKET, packet, PacketReader, type Wire, writeAll } from "./packets.ts";
import { startTlsInside } from "./tls_inside.ts";
import { done, error, loginTokens } from "./tokens.ts";

/** Cuts the connection here. */
export const DROP: unique symbol = Symbol("drop");
/** Sends nothing more until the client cancels. */
export const HANG: unique symbol = Symbol("hang");

export type Step = Uint8Array | typeof DROP | typeof HANG;
export type Reply = Iterable<Step>;

/** The first rule whose `sql` is in the batch answers it. */
export interface Rule {
  readonly sql: string | RegExp;
  readonly reply: (sql: string) => Reply;
}

export interface Login {
  readonly user: string;
  readonly application: string;
  readonly database: string;
  readonly encrypted: boolean;
}

export interface ServerOptions {
  readonly rules: readonly Rule[];
  /** The certificate; without one the server offers no encryption. */
  readonly certificates?: TestCertificates;
  /** TLS from the first byte on (TDS 8.0). */
  readonly strict?: boolean;
  /** Answers a login with something else than success. */
  readonly login?: (login: Login) => Reply | null;
  readonly packetBytes?: number;
  /** Bytes of one write to the socket; smaller than a packet cuts it anywhere. */
  readonly writeBytes?: number;
}

const ENCRYPTION = { on: 1, notSupported: 2 } as const;
const DEFAULT_PACKET_BYTES = 32_767;
const HEADER_BYTES = 8;

function preloginReply(encryption: number): Buffer {
  return Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, encryption]);
}

function parseLogin(body: Buffer, encrypted: boolean): Login {
  const text = (at: number): string => {
    const offset = body.readUInt16LE(at);
    return body.toString("utf16le", offset, offset + body.readUInt16LE(at + 2) * 2);
  };
  return { user: text(40), application: text(48), database: text(68), encrypted };
}

/** The text of a SQL batch, behind its ALL_HEADERS. */
function batchText(body: Buffer): string {
  return body.toString("utf16le", body.readUInt32LE(0));
}

/** Sends tokens as one message, in packets. */
class Answer {
  readonly #wire: Wire;
  readonly #packetBytes: number;
  readonly #writeBytes: number;
  #pending: Buffer = Buffer.alloc(0);

  constructor(wire: Wire, packetBytes: number, writeBytes: number) {
    this.#wire = wire;
    this.#packetBytes = packetBytes - HEADER_BYTES;
    this.#writeBytes = writeBytes;
  }

  async send(token: Uint8Array): Promise<void> {
    this.#pending = this.#pending.length === 0
      ? Buffer.from(token.buffer, token.byteOffset, token.byteLength)
      : Buffer.concat([this.#pending, token]);
    let at = 0;
    for (; this.#pending.length - at > this.#packetBytes; at += this.#packetBytes) {
      await this.#packet(this.#pending.subarray(at, at + this.#packetBytes), false);
    }
    this.#pending = this.#pending.subarray(at);
  }

  /** Sends what waits, in a packet that does not end the message. */
  async flush(): Promise<void> {
    if (this.#pending.length > 0) await this.#packet(this.#pending, false);
    this.#pending = Buffer.alloc(0);
  }

  async end(token: Uint8Array): Promise<void> {
    await this.send(token);
    await this.#packet(this.#pending, true);
    this.#pending = Buffer.alloc(0);
  }

  async #packet(body: Uint8Array, last: boolean): Promise<void> {
    const bytes = packet(PACKET.RESPONSE, body, last);
    for (let at = 0; at < bytes.length; at += this.#writeBytes) {
      await writeAll(this.#wire, bytes.subarray(at, at + this.#writeBytes));
      // Smaller pieces reach the client one by one.
      if (this.#writeBytes < bytes.length) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

function hangUp(wire: Wire): void {
  try {
    wire.close();
  } catch {
    // Closed already, by the client or by the server itself.
  }
}

export class TdsServer {
  /** The SQL of every batch, in order. */
  readonly asked: string[] = [];
  readonly logins: Login[] = [];
  attentions = 0;
  /** Failures of the server itself; a test that passes has none. */
  readonly faults: unknown[] = [];
  readonly #options: ServerOptions;
  readonly #listener: Deno.Listener;
  readonly #open = new Set<Wire>();
  readonly #serving: Promise<void>;

  private constructor(options: ServerOptions) {
    this.#options = options;
    const { strict, certificates } = options;
    const address = { hostname: "127.0.0.1", port: 0 };
    this.#listener = strict && certificates !== undefined
      ? Deno.listenTls({
        ...address,
        cert: certificates.certificate,
        key: certificates.key,
        alpnProtocols: ["tds/8.0"],
      })
      : Deno.listen(address);
    this.#serving = this.#serve();
  }

  static start(options: ServerOptions): TdsServer {
    return new TdsServer(options);
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  get connections(): number {
    return this.#open.size;
  }

  async stop(): Promise<void> {
    this.#listener.close();
    for (const wire of this.#open) hangUp(wire);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const sessions: Promise<void>[] = [];
    try {
      for await (const connection of this.#listener) sessions.push(this.#session(connection));
    } catch (failure) {
      // A client that gives up a TLS handshake ends the iteration in no other way.
      this.faults.push(failure);
    }
    await Promise.all(sessions);
  }

  async #session(wire: Wire): Promise<void> {
    this.#open.add(wire);
    const current = { wire };
    try {
      await this.#talk(current);
    } catch (failure) {
      // A client that hangs up while it is written to is not the server's failure.
      const gone = failure instanceof Error &&
        /broken pipe|reset|BadResource|closed|Interrupted|UnexpectedEof|handshake|alert|InvalidData/i
          .test(`${failure.name} ${failure.message}`);
      if (!gone) this.faults.push(failure);
    } finally {
      hangUp(current.wire);
    }
  }

  async #talk(current: { wire: Wire }): Promise<void> {
    const { certificates, strict = false } = this.#options;
    const inside = certificates !== undefined && !strict;
    const prelogin = new PacketReader(current.wire);
    const hello = await prelogin.message();
    if (hello === null) return;
    const encryption = inside ? ENCRYPTION.on : ENCRYPTION.notSupported;
    await writeAll(current.wire, packet(PACKET.RESPONSE, preloginReply(encryption), true));
    let reader = prelogin;
    if (inside) {
      current.wire = await startTlsInside(current.wire, prelogin, certificates);
      this.#open.add(current.wire);
      reader = new PacketReader(current.wire);
    }
    const message = await reader.message();
    if (message === null || message.type !== PACKET.LOGIN7) return;
    const login = parseLogin(message.body, certificates !== undefined);
    this.logins.push(login);
    const refused = this.#options.login?.(login) ?? null;
    const answer = this.#answer(current.wire);
    if (refused !== null) {
      for (const step of refused) if (step instanceof Uint8Array) await answer.send(step);
      return await answer.end(done({ error: true }));
    }
    await answer.end(loginTokens(login.database, this.#packetBytes));
    await this.#batches(current.wire, reader);
  }

  async #batches(wire: Wire, reader: PacketReader): Promise<void> {
    const queue: Message[] = [];
    let arrived = Promise.withResolvers<void>();
    let gone = false;
    const reading = (async () => {
      for (let message; (message = await reader.message()) !== null;) {
        queue.push(message);
        arrived.resolve();
      }
      gone = true;
      arrived.resolve();
    })();
    const attention = () => gone || queue[0]?.type === PACKET.ATTENTION;
    const wait = async () => {
      while (queue.length === 0 && !gone) {
        await arrived.promise;
        arrived = Promise.withResolvers<void>();
      }
    };
    for (;;) {
      await wait();
      const message = queue.shift();
      if (message === undefined) break;
      if (message.type === PACKET.ATTENTION) {
        this.attentions++;
        await this.#answer(wire).end(done({ attention: true }));
      } else if (message.ignored) {
        await this.#answer(wire).end(done({ error: true }));
      } else if (!await this.#reply(wire, batchText(message.body), attention, wait)) {
        break;
      }
    }
    hangUp(wire);
    await reading;
  }

  /** False when the connection is to be cut. */
  async #reply(
    wire: Wire,
    sql: string,
    attention: () => boolean,
    wait: () => Promise<void>,
  ): Promise<boolean> {
    this.asked.push(sql);
    const answer = this.#answer(wire);
    const rule = this.#options.rules.find(({ sql: wanted }) =>
      typeof wanted === "string" ? sql.includes(wanted) : wanted.test(sql)
    );
    const steps = rule?.reply(sql) ?? [error(50_000, `the script has no answer to: ${sql}`)];
    for (const step of steps) {
      if (step === DROP) {
        await answer.flush();
        return false;
      }
      if (step === HANG) {
        await answer.flush();
        await wait();
      } else await answer.send(step);
      if (attention()) break;
    }
    await answer.end(done({ error: attention() || rule === undefined }));
    return true;
  }

  get #packetBytes(): number {
    return this.#options.packetBytes ?? DEFAULT_PACKET_BYTES;
  }

  #answer(wire: Wire): Answer {
    return new Answer(wire, this.#packetBytes, this.#options.writeBytes ?? Infinity);
  }
}
