/** Object keys: `/` between segments, relative, never leaving the destination's root. */
import { DestinationError } from "../../../core/base/errors.ts";

/**
 * `key` itself when it may name an object.
 * @throws DestinationError DESTINATION_UNWRITABLE for an empty, absolute or escaping key.
 */
export function checkedKey(key: string): string {
  const segments = key.split("/");
  const bad = segments.some((s) => s === "" || s === "." || s === "..") || /[\0\\]/.test(key);
  if (!bad) return key;
  throw new DestinationError(
    "DESTINATION_UNWRITABLE",
    `${JSON.stringify(key)} cannot name a file at the destination`,
    { hint: "Names are relative, without empty, `.` or `..` segments and without backslashes." },
  );
}

/** Orders keys as object stores list them: by UTF-8 bytes, which is the order of code points. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (code points above 0xFFFF) before 0xE000..0xFFFF; UTF-8 puts them after. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
