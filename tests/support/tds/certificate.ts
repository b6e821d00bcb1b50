/**
 * A certificate authority and a server certificate signed by it, made anew for a test.
 * X.509 v3 (RFC 5280) in DER, ECDSA on P-256 with SHA-256.
 */
import { Buffer } from "node:buffer";
import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

export interface TestCertificates {
  /** PEM. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), body]);
  if (length < 256) return Buffer.concat([Buffer.from([tag, 0x81, length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 255]), body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const octets = (body: Uint8Array): Buffer => tlv(0x04, body);
const bits = (body: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), body);

function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 127];
    for (let n = arc >> 7; n > 0; n >>= 7) digits.unshift((n & 127) | 128);
    bytes.push(...digits);
  }
  return tlv(0x06, Buffer.from(bytes));
}

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

const name = (common: string): Buffer =>
  sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x0c, Buffer.from(common)))));

const utcTime = (date: Date): Buffer =>
  tlv(0x17, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, "").slice(2)));

const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([255]))] : []), octets(value));

const isIp = (host: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(host);

function subjectAltName(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIp(host) ? tlv(0x87, Buffer.from(host.split(".").map(Number))) : tlv(0x82, Buffer.from(host))
  );
  return extension("2.5.29.17", false, sequence(...names));
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

interface Subject {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

const DAY_MS = 86_400_000;

/** Days from now. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

function signed(
  by: KeyObject,
  { issuer, subject, publicKey, extensions }: Subject,
  { from, to }: Validity = { from: -1, to: 1 },
): string {
  const day = (days: number) => utcTime(new Date(Date.now() + days * DAY_MS));
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    name(issuer),
    sequence(day(from), day(to)),
    name(subject),
    publicKey.export({ type: "spki", format: "der" }) as Buffer,
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = createSign("sha256").update(body).sign(by);
  return pem("CERTIFICATE", sequence(body, ECDSA_SHA256, bits(signature)));
}

/** @param hosts names and IPv4 addresses that the server's certificate is valid for. */
export function makeCertificates(
  hosts: readonly string[],
  validity?: Validity,
): TestCertificates {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = "Rivet test authority";
  const isCa = (ca: boolean): Buffer =>
    extension("2.5.29.19", true, ca ? sequence(tlv(0x01, Buffer.from([255]))) : sequence());
  return {
    ca: signed(authority.privateKey, {
      issuer,
      subject: issuer,
      publicKey: authority.publicKey,
      extensions: [isCa(true)],
    }),
    certificate: signed(authority.privateKey, {
      issuer,
      subject: hosts[0],
      publicKey: server.publicKey,
      extensions: [isCa(false), subjectAltName(hosts)],
    }, validity),
    key: server.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}
