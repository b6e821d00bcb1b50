/**
 * SCRAM-SHA-256: the password is proven without being sent, and the server proves that it knows it too.
 * https://www.rfc-editor.org/rfc/rfc5802, https://www.rfc-editor.org/rfc/rfc7677
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { LoginError } from "./login_error.ts";
import { saslPrep } from "./saslprep.ts";

/** The mechanism without a bound channel. */
export const SCRAM = "SCRAM-SHA-256";
/** With the channel bound to the server's certificate. */
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";

/** Some seconds of work; a server that wants more wants to keep its clients busy. */
const MAX_ITERATIONS = 10_000_000;
const KEY_BYTES = 32;

const derive = promisify(pbkdf2);

/**
 * `none`: not over TLS, or not wanted. `unoffered`: wanted, but the server does not offer it; it notices when
 * somebody between has taken its offer away. Bytes: what the channel is bound to.
 */
export type ChannelBinding = "none" | "unoffered" | Uint8Array;

function gs2Header(binding: ChannelBinding): string {
  if (binding === "none") return "n,,";
  return binding === "unoffered" ? "y,," : "p=tls-server-end-point,,";
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** `r=...,s=...,i=...` as a record. */
function attributes(message: string): Partial<Record<string, string>> {
  return Object.fromEntries(message.split(",").map((part) => [part[0], part.slice(2)]));
}

function refuse(why: string): never {
  throw new LoginError(`the server's SCRAM answer is not right: ${why}`);
}

/** One exchange. Its messages follow one another: `first`, `final`, `verify`. */
export class ScramExchange {
  readonly #password: string;
  readonly #binding: ChannelBinding;
  readonly #nonce: string;
  #serverSignature: Buffer | null = null;

  /** @param nonce for tests; a random one otherwise. */
  constructor(
    password: string,
    binding: ChannelBinding,
    nonce: string = randomBytes(18).toString("base64"),
  ) {
    this.#password = password;
    this.#binding = binding;
    this.#nonce = nonce;
  }

  get mechanism(): typeof SCRAM | typeof SCRAM_PLUS {
    return typeof this.#binding === "string" ? SCRAM : SCRAM_PLUS;
  }

  /** The user stands in the startup message; the one here is ignored. */
  first(): string {
    return `${gs2Header(this.#binding)}${this.#firstBare()}`;
  }

  #firstBare(): string {
    return `n=,r=${this.#nonce}`;
  }

  /** @param serverFirst the answer to `first`. @throws LoginError */
  async final(serverFirst: string): Promise<string> {
    const { r: nonce = "", s: salt = "", i: iterations = "", m } = attributes(serverFirst);
    if (m !== undefined) refuse("it asks for an extension");
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      refuse("it does not answer this client's nonce");
    }
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(salt)) refuse("it has no salt");
    const count = /^[1-9]\d{0,15}$/.test(iterations) ? Number(iterations) : 0;
    if (count === 0) refuse("it has no number of iterations");
    if (count > MAX_ITERATIONS) refuse(`it asks for ${count} iterations`);
    const salted = await derive(
      saslPrep(this.#password),
      Buffer.from(salt, "base64"),
      count,
      KEY_BYTES,
      "sha256",
    );
    const bound = typeof this.#binding === "string" ? [] : [this.#binding];
    const channel = Buffer.concat([Buffer.from(gs2Header(this.#binding)), ...bound]);
    const withoutProof = `c=${channel.toString("base64")},r=${nonce}`;
    const authMessage = `${this.#firstBare()},${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, "Client Key");
    const signature = hmac(createHash("sha256").update(clientKey).digest(), authMessage);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]));
    this.#serverSignature = hmac(hmac(salted, "Server Key"), authMessage);
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /** @param serverFinal the answer to `final`. @throws LoginError for a server that does not know the password */
  verify(serverFinal: string): void {
    const { v = "", e } = attributes(serverFinal);
    if (e !== undefined) refuse(e);
    const expected = this.#serverSignature;
    const given = Buffer.from(v, "base64");
    if (
      expected === null || given.length !== expected.length || !timingSafeEqual(given, expected)
    ) {
      refuse("it does not know the password itself");
    }
  }
}
