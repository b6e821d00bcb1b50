/**
 * Long byte array bounds, cut so that they still bound: a minimum may be lower than the true one, a maximum
 * higher. Text stays valid UTF-8, because readers decode it.
 */
import { isUtf8 } from "node:buffer";
import type { Bound } from "./bounds.ts";

/** Bytes that a bound keeps, the length that Parquet writers commonly use. */
export const MAX_BOUND_BYTES = 64;

/** The start of the UTF-8 character that covers byte `at`. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && (bytes[start] & 0xc0) === 0x80) start--;
  return start;
}

/** Where to cut: a character boundary for text. */
function cutAt(bytes: Uint8Array, text: boolean): number {
  return text ? characterStart(bytes, MAX_BOUND_BYTES) : MAX_BOUND_BYTES;
}

/** A lower bound of at most `MAX_BOUND_BYTES`. */
export function truncateMin(bytes: Uint8Array, text: boolean): Bound {
  if (bytes.length <= MAX_BOUND_BYTES) return { value: bytes.slice(), exact: true };
  return { value: bytes.slice(0, cutAt(bytes, text)), exact: false };
}

/** The shortest byte string above every one that starts with `prefix`, or null when there is none. */
function incrementBytes(prefix: Uint8Array): Uint8Array | null {
  let last = prefix.length - 1;
  while (last >= 0 && prefix[last] === 0xff) last--;
  if (last < 0) return null;
  const above = prefix.slice(0, last + 1);
  above[last]++;
  return above;
}

/** The same for text: the last character that has a successor is replaced by it. */
function incrementText(prefix: Uint8Array): Uint8Array | null {
  // A character of ASCII has its successor in the next byte.
  if (prefix[prefix.length - 1] < 0x7f) return incrementBytes(prefix);
  const characters = [...new TextDecoder().decode(prefix)];
  for (let last = characters.length - 1; last >= 0; last--) {
    const codePoint = characters[last].codePointAt(0) ?? 0;
    if (codePoint >= 0x10ffff) continue;
    // U+D800..U+DFFF are surrogates, not characters.
    const next = codePoint === 0xd7ff ? 0xe000 : codePoint + 1;
    const above = characters.slice(0, last).join("") + String.fromCodePoint(next);
    return new TextEncoder().encode(above);
  }
  return null;
}

/** A maximum without anything above its prefix stays whole: a page index must hold a true bound. */
export function truncateMax(bytes: Uint8Array, text: boolean): Bound {
  if (bytes.length <= MAX_BOUND_BYTES) return { value: bytes.slice(), exact: true };
  const prefix = bytes.subarray(0, cutAt(bytes, text));
  // A server without a known encoding may send text that is not UTF-8.
  const above = text && isUtf8(prefix) ? incrementText(prefix) : incrementBytes(prefix);
  return above === null ? { value: bytes.slice(), exact: true } : { value: above, exact: false };
}
