/** How accounts prove who they are where mysql2 does not know how, or would trust anybody. */
import { Buffer } from "node:buffer";
import { createPrivateKey, pbkdf2Sync, randomBytes, sign } from "node:crypto";
import mysql from "mysql2";
import { readPem } from "../kit/client_certificate.ts";
import { signWithPassword } from "./ed25519.ts";

type Plugins = NonNullable<mysql.ConnectionOptions["authPlugins"]>;
type Plugin = Plugins[string];

export interface AuthSettings {
  readonly password: string;
  /** Take the key that the server sends, whoever it is, for a password in plaintext's place. */
  readonly allowPublicKeyRetrieval: boolean;
  /** PEM file of the server's public key. */
  readonly serverPublicKeyFile: string | undefined;
}

/** The login would encrypt the password for anybody who answers; the classifier makes it SOURCE_AUTH. */
export class UnknownServerKeyError extends Error {
  override readonly name = "UnknownServerKeyError";
}

/** What the two plugins ask for the server's key with. */
const KEY_REQUESTS = { caching_sha2_password: 2, sha256_password: 1 } as const;

/** Fails instead of asking a server that nothing vouches for for its key. */
function withoutRetrieval(inner: Plugin, keyRequest: number, plugin: string): Plugin {
  return (metadata) => {
    const answer = inner(metadata);
    return (data) => {
      const bytes = answer(data);
      if (!(bytes instanceof Uint8Array) || bytes.length !== 1 || bytes[0] !== keyRequest) {
        return bytes;
      }
      return Promise.reject<Buffer>(
        new UnknownServerKeyError(
          `the account logs in by ${plugin}, which over plaintext needs the server's public key`,
        ),
      );
    };
  };
}

/** MariaDB's `ed25519`: the challenge, signed with the password. */
function ed25519({ password }: AuthSettings): Plugin {
  return () => (challenge) =>
    Buffer.from(signWithPassword(Buffer.from(password), challenge.subarray(0, 32)));
}

/** PKCS #8 of an Ed25519 key up to its 32 bytes. */
const KEY_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
/** `P` for PBKDF2, which begins what the server says of the key. */
const PBKDF2 = 0x50;
/** Higher ones are 1024 * 2^n iterations for whoever answers; the server's own limit is 3. */
const MAX_COST = 3;

/** MariaDB's `parsec`: both sides' challenges, signed with a key that is derived from the password. */
function parsec({ password }: AuthSettings): Plugin {
  return () => {
    let challenge: Buffer | null = null;
    return (data) => {
      if (challenge === null) {
        challenge = Buffer.from(data.subarray(0, 32));
        // Asks for the salt.
        return Buffer.alloc(0);
      }
      const [kind, cost] = data;
      if (kind !== PBKDF2 || cost > MAX_COST) {
        return Promise.reject<Buffer>(
          new Error("parsec: the server asks for another key derivation"),
        );
      }
      const seed = pbkdf2Sync(password, data.subarray(2), 1024 << cost, 32, "sha512");
      const key = createPrivateKey({
        key: Buffer.concat([KEY_PREFIX, seed]),
        format: "der",
        type: "pkcs8",
      });
      const own = randomBytes(32);
      const signature = sign(null, Buffer.concat([challenge, own]), key);
      return Buffer.concat([own, signature]);
    };
  };
}

/** @throws ConfigError for a key file that cannot be read. */
export function authPlugins(settings: AuthSettings): Plugins {
  const { serverPublicKeyFile: file, allowPublicKeyRetrieval } = settings;
  const serverPublicKey = file === undefined
    ? undefined
    : readPem(file, "server's public key (source.server_public_key_file)");
  const plugins: Plugins = { client_ed25519: ed25519(settings), parsec: parsec(settings) };
  for (const [name, keyRequest] of Object.entries(KEY_REQUESTS)) {
    const options = serverPublicKey === undefined ? {} : { serverPublicKey };
    const inner = mysql.authPlugins[name as keyof typeof KEY_REQUESTS](options) as Plugin;
    plugins[name] = allowPublicKeyRetrieval ? inner : withoutRetrieval(inner, keyRequest, name);
  }
  return plugins;
}
