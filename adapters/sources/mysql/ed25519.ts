/**
 * Signatures of Ed25519 (RFC 8032) with a password of any length in place of the 32 bytes of a key, as
 * MariaDB's `ed25519` accounts take them; the runtime's own signs with proper keys only. Once a login:
 * a few milliseconds.
 */
import { createHash } from "node:crypto";

const P = 2n ** 255n - 19n;
/** Order of the base point. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (value: bigint, by = P): bigint => {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
};

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) {
    if (e & 1n) result = mod(result * b);
  }
  return result;
}

const inverse = (value: bigint): bigint => power(value, P - 2n);

/** -121665 / 121666: to work it out takes milliseconds of every start. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** Extended coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960n;
const BASE: Point = { x: BASE_X, y: BASE_Y, z: 1n, t: mod(BASE_X * BASE_Y) };
const ZERO: Point = { x: 0n, y: 1n, z: 1n, t: 0n };

/** RFC 8032, section 5.1.4. */
function add(p: Point, q: Point): Point {
  const a = mod((p.y - p.x) * (q.y - q.x));
  const b = mod((p.y + p.x) * (q.y + q.x));
  const c = mod(2n * p.t * q.t * D);
  const d = mod(2n * p.z * q.z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) };
}

function multiply(point: Point, by: bigint): Point {
  let result = ZERO;
  for (let p = point, e = by; e > 0n; e >>= 1n, p = add(p, p)) if (e & 1n) result = add(result, p);
  return result;
}

function toBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0, rest = value; i < 32; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

function toNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}

function encode({ x, y, z }: Point): Uint8Array {
  const over = inverse(z);
  const bytes = toBytes(mod(y * over));
  if (mod(x * over) & 1n) bytes[31] |= 0x80;
  return bytes;
}

function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** The 64 bytes of a signature of `message`. */
export function signWithPassword(password: Uint8Array, message: Uint8Array): Uint8Array {
  const expanded = sha512(password);
  const scalar = expanded.slice(0, 32);
  scalar[0] &= 248;
  scalar[31] = (scalar[31] & 127) | 64;
  const secret = toNumber(scalar);
  const publicKey = encode(multiply(BASE, secret));
  const nonce = mod(toNumber(sha512(expanded.subarray(32), message)), ORDER);
  const commitment = encode(multiply(BASE, nonce));
  const challenge = mod(toNumber(sha512(commitment, publicKey, message)), ORDER);
  const signature = new Uint8Array(64);
  signature.set(commitment);
  signature.set(toBytes(mod(nonce + challenge * secret, ORDER)), 32);
  return signature;
}
