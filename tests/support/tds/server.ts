/**
 * A server that speaks enough TDS 7.4 to be talked to by a real driver, and says what a script tells it:
 * PRELOGIN, LOGIN7 (under TLS), SQL batches, attentions. It records what it was asked.
 */
import { Buffer } from "node:buffer";
import type { TestCertificates } from "./certificate.ts";
import { type Message, PACKET, packet, PacketReader, type Wire, writeAll } from "./packets.ts";
import { startTlsInside } from "./tls_inside.ts";
import { done, error, loginTokens, transactionBegun, transactionEnded } from "./tokens.ts";
import { PLAIN, type Traits } from "./traits.ts";

/** Cuts the connection here. */
export const DROP: unique symbol = Symbol("drop");
/** Sends nothing more until the client cancels. */
export const HANG: unique symbol = Symbol("hang");

/** Bytes to send, at once or once the server's traits are known. */
export type Step = Uint8Array | ((traits: Traits) => Uint8Array) | typeof DROP | typeof HANG;
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
  /** What it answers to the question for encryption, instead of what it does; null: nothing. */
  readonly encryption?: number | null;
  /** TLS from the first byte on (TDS 8.0). */
  readonly strict?: boolean;
  /** Answers a login with something else than success. */
  readonly login?: (login: Login) => Reply | null;
  /** How it speaks; as plainly as it can unless given. */
  readonly traits?: Traits;
  readonly packetBytes?: number;
  /** Bytes of one write to the socket; smaller than a packet cuts it anywhere. */
  readonly writeBytes?: number;
}

const ENCRYPTION = { on: 1, notSupported: 2 } as const;
const DEFAULT_PACKET_BYTES = 32_767;
const QUIET_PACKET_BYTES = 32_764;
/** How long a server that confirms a cancellation late goes on with what it was doing. */
const LATE_MS = 300;
const HEADER_BYTES = 8;

function preloginReply(encryption: number | null): Buffer {
  if (encryption === null) return Buffer.from([0, 0, 6, 0, 6, 0xff, 16, 0, 0, 0, 0, 0]);
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

/** The transaction that a batch belongs to, from the one header it has: length, type 2, descriptor. */
function transactionOf(body: Buffer): bigint {
  return body.readBigUInt64LE(10);
}

const NO_TRANSACTION = 0n;

function descriptorBytes(transaction: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(transaction);
  return bytes;
}

/** The SET statements that a batch begins with. */
function leadingSets(sql: string): number {
  const [lead] = /^(?:\s*SET [^;\n]+(?:;|$))*/.exec(sql) ?? [""];
  return lead.split(/\bSET\b/).length - 1;
}

/** One client that has logged in. */
interface Session {
  readonly wire: Wire;
  transaction: bigint;
}

/** What the client sends, as it arrives. */
class Inbox {
  readonly #queue: Message[] = [];
  readonly #late: boolean;
  readonly #deaf: boolean;
  #arrived = Promise.withResolvers<void>();
  #gone = false;
  #attentionAt: number | null = null;
  /** Ends with the client. */
  readonly reading: Promise<void>;

  constructor(reader: PacketReader, { attention }: Traits) {
    this.#late = attention === "late";
    this.#deaf = attention === "never";
    this.reading = this.#read(reader);
  }

  async #read(reader: PacketReader): Promise<void> {
    for (let message; (message = await reader.message()) !== null;) {
      if (message.type === PACKET.ATTENTION) {
        if (this.#deaf) continue;
        this.#attentionAt ??= performance.now();
        if (this.#late) setTimeout(() => this.#arrived.resolve(), LATE_MS);
      }
      this.#queue.push(message);
      this.#arrived.resolve();
    }
    this.#gone = true;
    this.#arrived.resolve();
  }

  /** Whether what is under way is to stop: cancelled, or for nobody. */
  get stops(): boolean {
    if (this.#gone) return true;
    if (this.#attentionAt === null) return false;
    return !this.#late || performance.now() - this.#attentionAt >= LATE_MS;
  }

  /** Until what is under way is to stop. */
  async stopped(): Promise<void> {
    while (!this.stops) await this.#wake();
  }

  /** The next message; null when the client has gone. */
  async next(): Promise<Message | null> {
    while (this.#queue.length === 0 && !this.#gone) await this.#wake();
    const message = this.#queue.shift() ?? null;
    if (message?.type === PACKET.ATTENTION) this.#attentionAt = null;
    return message;
  }

  async #wake(): Promise<void> {
    await this.#arrived.promise;
    this.#arrived = Promise.withResolvers<void>();
  }
}

/** Sends tokens as one message, in packets. */
class Answer {
  readonly #wire: Wire;
  readonly #packetBytes: number;
  readonly #writeBytes: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(wire: Wire, packetBytes: number, writeBytes: number) {
    this.#wire = wire;
    this.#packetBytes = packetBytes - HEADER_BYTES;
    this.#writeBytes = writeBytes;
  }

  /** null: it waits for more. */
  send(token: Uint8Array): Promise<void> | null {
    this.#pending.push(token);
    this.#pendingBytes += token.length;
    return this.#pendingBytes > this.#packetBytes ? this.#full() : null;
  }

  async #full(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    let at = 0;
    for (; bytes.length - at > this.#packetBytes; at += this.#packetBytes) {
      await this.#packet(bytes.subarray(at, at + this.#packetBytes), false);
    }
    this.#pending = [bytes.subarray(at)];
    this.#pendingBytes = bytes.length - at;
  }

  /** Sends what waits, in a packet that does not end the message. */
  async flush(): Promise<void> {
    if (this.#pendingBytes > 0) await this.#last(false);
  }

  async end(token: Uint8Array): Promise<void> {
    await this.send(token);
    await this.#last(true);
  }

  async #last(end: boolean): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.#packet(bytes, end);
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
  /** Every message behind the handshake, as it came. */
  readonly heard: Message[] = [];
  attentions = 0;
  /** Failures of the server itself; a test that passes has none. */
  readonly faults: unknown[] = [];
  /** Transactions begun so far: their descriptors. */
  #transactions = NO_TRANSACTION;
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
    const { encryption = inside ? ENCRYPTION.on : ENCRYPTION.notSupported } = this.#options;
    await writeAll(current.wire, packet(PACKET.RESPONSE, preloginReply(encryption), true));
    let reader = prelogin;
    if (inside) {
      current.wire = await startTlsInside(current.wire, prelogin, certificates);
      this.#open.add(current.wire);
      reader = new PacketReader(current.wire);
    }
    const message = await reader.message();
    if (message === null || message.type !== PACKET.LOGIN7) return;
    this.heard.push(message);
    const login = parseLogin(message.body, certificates !== undefined);
    this.logins.push(login);
    const refused = this.#options.login?.(login) ?? null;
    const answer = this.#answer(current.wire);
    if (refused !== null) {
      for (const step of refused) {
        if (step === HANG) {
          // Until the client leaves.
          await reader.message();
          return;
        }
        if (step === DROP) return await answer.flush();
        if (step instanceof Uint8Array) await answer.send(step);
      }
      return await answer.end(done({ error: true }));
    }
    await answer.end(loginTokens(login.database, this.#packetBytes, this.#traits));
    await this.#batches({ wire: current.wire, transaction: NO_TRANSACTION }, reader);
  }

  async #batches(session: Session, reader: PacketReader): Promise<void> {
    const inbox = new Inbox(reader, this.#traits);
    for (let message; (message = await inbox.next()) !== null;) {
      this.heard.push(message);
      if (message.type === PACKET.ATTENTION) {
        this.attentions++;
        await this.#answer(session.wire).end(done({ attention: true }));
      } else if (message.ignored) {
        await this.#answer(session.wire).end(done({ error: true }));
      } else if (!await this.#reply(session, message.body, inbox)) break;
    }
    hangUp(session.wire);
    await inbox.reading;
  }

  /** False when the connection is to be cut. */
  async #reply(session: Session, body: Buffer, inbox: Inbox): Promise<boolean> {
    const sql = batchText(body);
    this.asked.push(sql);
    const answer = this.#answer(session.wire);
    const rule = this.#options.rules.find(({ sql: wanted }) =>
      typeof wanted === "string" ? sql.includes(wanted) : wanted.test(sql)
    );
    await this.#preamble(session, body, answer);
    const steps = rule?.reply(sql) ?? [error(50_000, `the script has no answer to: ${sql}`)];
    for (const step of steps) {
      if (step === DROP) {
        await answer.flush();
        return false;
      }
      if (step === HANG) {
        await answer.flush();
        await inbox.stopped();
      } else {
        const sending = answer.send(step instanceof Uint8Array ? step : step(this.#traits));
        if (sending !== null) await sending;
      }
      if (inbox.stops) break;
    }
    await answer.end(done({ error: inbox.stops || rule === undefined }));
    return true;
  }

  /** What the traits put in front of a result. */
  async #preamble(session: Session, body: Buffer, answer: Answer): Promise<void> {
    const sql = batchText(body);
    const { donePerSet, transactions } = this.#traits;
    if (donePerSet) {
      for (let i = leadingSets(sql); i > 0; i--) await answer.send(done({ more: true }));
    }
    if (!transactions) return;
    if (transactionOf(body) !== session.transaction) {
      throw new TypeError(`a batch in transaction ${transactionOf(body)}: ${sql}`);
    }
    if (/\bBEGIN TRAN/.test(sql)) {
      session.transaction = ++this.#transactions;
      await answer.send(transactionBegun(descriptorBytes(session.transaction)));
    } else if (/\bCOMMIT\b/.test(sql)) {
      await answer.send(transactionEnded(descriptorBytes(session.transaction)));
      session.transaction = NO_TRANSACTION;
    }
  }

  get #traits(): Traits {
    return this.#options.traits ?? PLAIN;
  }

  get #packetBytes(): number {
    if (this.#options.packetBytes !== undefined) return this.#options.packetBytes;
    return this.#traits.quietPackets ? QUIET_PACKET_BYTES : DEFAULT_PACKET_BYTES;
  }

  #answer(wire: Wire): Answer {
    return new Answer(wire, this.#packetBytes, this.#options.writeBytes ?? Infinity);
  }
}
