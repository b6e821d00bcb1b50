/**
 * Servers over a real socket that speak PostgreSQL's protocol as no good server does: silent at a point,
 * lying about lengths, dishonest at the login.
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const utf8 = new TextEncoder();

/** One message of the server. */
export function message(type: string, ...parts: readonly (number[] | Uint8Array | string)[]) {
  const body = Buffer.concat(
    parts.map((part) => typeof part === "string" ? Buffer.from(`${part}\0`) : Buffer.from(part)),
  );
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A message whose length says `length`, whatever follows. */
export function lyingHeader(type: string, length: number): Buffer {
  return Buffer.concat([Buffer.from(type), int32(length)]);
}

export function error(severity: string, code: string, text: string): Buffer {
  return message("E", `S${severity}`, `V${severity}`, `C${code}`, `M${text}`, [0]);
}

export const AUTH_OK: Buffer = message("R", int32(0));
export const READY: Buffer = message("Z", utf8.encode("I"));
export const KEY: Buffer = message("K", int32(4242), int32(1));
/** The end of a good login. */
export const WELCOME: Buffer = Buffer.concat([
  AUTH_OK,
  message("S", "server_version", "15.0"),
  KEY,
  READY,
]);

export function authentication(code: number, ...rest: readonly (Uint8Array | string)[]): Buffer {
  return message("R", int32(code), ...rest);
}

/** A text result of one row. */
export function rowOf(...values: readonly string[]): Buffer {
  const fields = values.flatMap((value) => [int32(value.length), Buffer.from(value)]);
  const row = Buffer.concat([Buffer.from([0, values.length]), ...fields]);
  return Buffer.concat([message("D", row), message("C", "SELECT 1")]);
}

/** One client's connection, as the server sees it. */
export class RogueClient {
  /** Of its startup message; empty for a cancel request. */
  parameters: Readonly<Record<string, string>> = {};
  cancels = false;
  /** It gets no more answers. */
  silent = false;
  /** The statements that were parsed, in order. */
  readonly statements: string[] = [];
  readonly #socket: Deno.Conn;
  #bytes = Buffer.alloc(0);

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  async send(...bytes: readonly Uint8Array[]): Promise<void> {
    const all = Buffer.concat(bytes);
    for (let at = 0; at < all.length;) at += await this.#socket.write(all.subarray(at));
  }

  async #take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) {
      const piece = Buffer.alloc(65_536);
      const read = await this.#socket.read(piece);
      if (read === null) throw new Deno.errors.UnexpectedEof();
      this.#bytes = Buffer.concat([this.#bytes, piece.subarray(0, read)]);
    }
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async readStartup(): Promise<void> {
    const length = (await this.#take(4)).readInt32BE();
    const body = await this.#take(length - 4);
    this.cancels = body.readInt32BE() === 80_877_102;
    const words = body.subarray(4).toString().split("\0");
    for (let i = 0; !this.cancels && i + 1 < words.length && words[i] !== ""; i += 2) {
      this.parameters = { ...this.parameters, [words[i]]: words[i + 1] };
    }
  }

  async readMessage(): Promise<{ readonly type: string; readonly body: Buffer }> {
    const head = await this.#take(5);
    const body = await this.#take(head.readInt32BE(1) - 4);
    return { type: String.fromCharCode(head[0]), body };
  }

  /** The statements of the next flight, up to its Sync. */
  async readFlight(): Promise<string[]> {
    const flight: string[] = [];
    for (;;) {
      const { type, body } = await this.readMessage();
      if (type === "X") throw new Deno.errors.UnexpectedEof();
      if (type === "P") flight.push(body.subarray(1, -3).toString());
      if (type === "S") break;
    }
    this.statements.push(...flight);
    return flight;
  }

  /** Answers a flight that begins a transaction, as the adapter sends it. */
  async begin(pid = 4242): Promise<void> {
    await this.readFlight();
    await this.send(message("C", "BEGIN"), rowOf(String(pid)), READY);
  }

  /** Takes a flight that begins a transaction, reads and ends it, and answers its beginning. */
  async beginRead(pid = 4242): Promise<void> {
    await this.readFlight();
    await this.send(message("C", "BEGIN"), rowOf(String(pid)));
  }

  /** Until the client hangs up. */
  async silence(): Promise<void> {
    this.silent = true;
    try {
      for (;;) await this.#take(1);
    } catch {
      // It has gone.
    }
  }

  /** Nothing is read, so that the client's socket fills. */
  close(): void {
    try {
      this.#socket.close();
    } catch {
      // The other side was faster.
    }
  }
}

export interface RogueServer {
  readonly port: number;
  /** In the order in which they came, cancel requests too. */
  readonly clients: RogueClient[];
  /** Refuses further connections; those that are there go on. */
  refuse(): void;
  stop(): Promise<void>;
}

/**
 * @param serve is given every connection whose startup message was read, and its number from 0; the
 * connection is closed when it returns.
 */
export function startRogue(
  serve: (client: RogueClient, index: number) => Promise<void>,
): RogueServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clients: RogueClient[] = [];
  const serving: Promise<void>[] = [];
  let listening = true;
  const one = async (client: RogueClient) => {
    try {
      await client.readStartup();
      const index = clients.push(client) - 1;
      await serve(client, index);
    } catch (thrown) {
      // A client that hangs up is none of the server's business.
      if (!(thrown instanceof Deno.errors.UnexpectedEof) && !isBroken(thrown)) throw thrown;
    } finally {
      client.close();
    }
  };
  const accepting = (async () => {
    for await (const socket of listener) serving.push(one(new RogueClient(socket)));
  })();
  const refuse = () => {
    if (listening) listener.close();
    listening = false;
  };
  return {
    port: (listener.addr as Deno.NetAddr).port,
    clients,
    refuse,
    async stop() {
      refuse();
      await accepting;
      for (const client of clients) client.close();
      await Promise.all(serving);
    },
  };
}

function isBroken(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.BrokenPipe ||
    thrown instanceof Deno.errors.ConnectionReset || thrown instanceof Deno.errors.BadResource ||
    thrown instanceof Deno.errors.Interrupted || thrown instanceof Deno.errors.ConnectionAborted;
}

/** What a dishonest server changes in its part of SCRAM. */
export interface ScramLies {
  readonly iterations?: number;
  /** Instead of the client's nonce with more behind it. */
  readonly nonce?: (client: string) => string;
  readonly signature?: (honest: string) => string;
  /** Lets the client in without its own proof. */
  readonly skipFinal?: boolean;
}

const attribute = (text: string, name: string) =>
  text.split(",").find((part) => part.startsWith(`${name}=`))?.slice(2) ?? "";

const hmac = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();

/**
 * The server's part of SCRAM-SHA-256, written from RFC 5802. Resolves with the names of the mechanism and
 * the channel binding that the client chose, and whether its proof was right.
 */
export async function scram(
  client: RogueClient,
  password: string,
  lies: ScramLies = {},
): Promise<{ readonly mechanism: string; readonly proven: boolean }> {
  await client.send(authentication(10, "SCRAM-SHA-256", Buffer.from([0])));
  const { body } = await client.readMessage();
  const end = body.indexOf(0);
  const mechanism = body.subarray(0, end).toString();
  const first = body.subarray(end + 5).toString();
  const bare = first.slice(first.indexOf("n=", 3));
  const own = attribute(bare, "r");
  const nonce = lies.nonce?.(own) ?? own + randomBytes(9).toString("base64");
  const salt = randomBytes(16);
  const iterations = lies.iterations ?? 4096;
  const serverFirst = `r=${nonce},s=${salt.toString("base64")},i=${iterations}`;
  await client.send(authentication(11, Buffer.from(serverFirst)));
  const final = (await client.readMessage()).body.toString();
  const withoutProof = final.slice(0, final.lastIndexOf(",p="));
  const authMessage = `${bare},${serverFirst},${withoutProof}`;
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  const proof = Buffer.from(attribute(final, "p"), "base64");
  const clientKey = hmac(storedKey, authMessage).map((byte, i) => byte ^ proof[i]);
  const proven = createHash("sha256").update(clientKey).digest().equals(storedKey);
  const honest = hmac(hmac(salted, "Server Key"), authMessage).toString("base64");
  const signature = lies.signature?.(honest) ?? honest;
  if (!lies.skipFinal) await client.send(authentication(12, Buffer.from(`v=${signature}`)));
  return { mechanism, proven };
}
