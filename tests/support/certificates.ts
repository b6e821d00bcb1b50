/** Certificates for servers of tests, made when they are needed: X.509 v3 over P-256. */
import { Buffer } from "node:buffer";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Subject alternative names: host names, or IPv4 addresses. */
  readonly names?: readonly string[];
  readonly authority?: boolean;
  /** Days from now. */
  readonly validFrom?: number;
  readonly validTo?: number;
}

export interface Authority extends Certificate {
  issue(options: CertificateOptions): Promise<Certificate>;
}

/** A private certificate authority. */
export async function makeAuthority(): Promise<Authority> {
  const keys = await newKeys();
  const cert = await signed(keys, keys, { authority: true }, "rivet test authority");
  return {
    ...await pemOf(cert, keys),
    issue: async (options) => {
      const own = await newKeys();
      return await pemOf(await signed(own, keys, options, "rivet test server"), own);
    },
  };
}

/** One certificate that is its own authority, as `openssl req -x509` makes them. */
export async function selfSigned(names: readonly string[]): Promise<Certificate> {
  const keys = await newKeys();
  const cert = await signed(keys, keys, { names, authority: true }, "rivet test authority");
  return await pemOf(cert, keys);
}

const CURVE = { name: "ECDSA", namedCurve: "P-256" };

async function newKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(CURVE, true, ["sign", "verify"]) as CryptoKeyPair;
}

async function pemOf(cert: Uint8Array, { privateKey }: CryptoKeyPair): Promise<Certificate> {
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  return { cert: pem("CERTIFICATE", cert), key: pem("PRIVATE KEY", key) };
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

const DAY_MS = 24 * 3600 * 1000;

async function signed(
  own: CryptoKeyPair,
  issuer: CryptoKeyPair,
  { names = [], authority = false, validFrom = -1, validTo = 30 }: CertificateOptions,
  subject: string,
): Promise<Uint8Array> {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
  const at = (days: number) => utcTime(new Date(Date.now() + days * DAY_MS));
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", own.publicKey));
  const extensions = [
    extension("2.5.29.19", true, sequence(...(authority ? [der(0x01, [0xff])] : []))),
    ...(names.length === 0
      ? []
      : [extension("2.5.29.17", false, sequence(...names.map(alternative)))]),
  ];
  const tbs = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [1, ...crypto.getRandomValues(new Uint8Array(8))]),
    algorithm,
    commonName("rivet test authority"),
    sequence(at(validFrom), at(validTo)),
    commonName(subject),
    spki,
    der(0xa3, sequence(...extensions)),
  );
  const raw = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    issuer.privateKey,
    new Uint8Array(tbs),
  );
  return sequence(tbs, algorithm, der(0x03, [0, ...ecdsaSignature(new Uint8Array(raw))]));
}

/** Two numbers in a row, as DER has them. */
function ecdsaSignature(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  return sequence(integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}

function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = [...bytes.subarray(start)];
  return der(0x02, trimmed[0] >= 0x80 ? [0, ...trimmed] : trimmed);
}

function der(tag: number, content: Uint8Array | readonly number[]): Uint8Array {
  const { length } = content;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...content]);
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(0x30, parts.flatMap((part) => [...part]));
}

function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift(left & 0x7f | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, bytes);
}

function commonName(name: string): Uint8Array {
  const value = der(0x0c, new TextEncoder().encode(name));
  return sequence(der(0x31, sequence(oid("2.5.4.3"), value)));
}

function utcTime(at: Date): Uint8Array {
  const text = `${at.toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`;
  return der(0x17, new TextEncoder().encode(text));
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [der(0x01, [0xff])] : []), der(0x04, value));
}

function alternative(name: string): Uint8Array {
  return /^[\d.]+$/.test(name)
    ? der(0x87, name.split(".").map(Number))
    : der(0x82, new TextEncoder().encode(name));
}
