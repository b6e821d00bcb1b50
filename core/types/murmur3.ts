/** MurmurHash3, x86, 32 bits, seed 0: what `bucket` partitions hash with. */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

function rotl(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function mixed(k: number): number {
  return Math.imul(rotl(Math.imul(k, C1), 15), C2);
}

/** As a signed number. */
export function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let h = 0;
  for (let at = 0; at < whole; at += 4) {
    h = Math.imul(rotl(h ^ mixed(view.getInt32(at, true)), 13), 5) + 0xe6546b64 | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | bytes[at];
  if (whole < bytes.length) h ^= mixed(rest);
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
