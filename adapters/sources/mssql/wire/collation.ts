/** Collations as the protocol has them, and the code pages of `char` and `varchar` under them. [MS-TDS] 2.2.5.1.2 */

/** How texts compare; five bytes on the wire. */
export interface Collation {
  readonly lcid: number;
  readonly flags: number;
  readonly version: number;
  /** Of a SQL collation; 0 for one of Windows. */
  readonly sortId: number;
  /** e.g. `CP1252` or `utf-8`. */
  readonly codepage?: string;
}

export const COLLATION_BYTES = 5;
const UTF8_FLAG = 0x40;

/** Of the languages of Windows collations. */
const BY_LANGUAGE: Readonly<Record<string, readonly number[]>> = {
  CP874: [0x041e],
  CP932: [0x0411],
  CP936: [0x0804],
  CP949: [0x0412],
  CP950: [0x0404, 0x0c04, 0x1404],
  CP1250: [
    ...[0x0405, 0x040e, 0x0415, 0x0418, 0x041a, 0x041b, 0x041c, 0x0424, 0x0442],
    ...[0x081a, 0x141a],
  ],
  CP1251: [0x0419, 0x0422, 0x042f, 0x043f, 0x0444, 0x046d, 0x0485, 0x082c, 0x0c1a, 0x201a],
  CP1252: [
    ...[0x0406, 0x0407, 0x0409, 0x040a, 0x040b, 0x040c, 0x040f, 0x0414, 0x0417, 0x042e],
    ...[0x0437, 0x043b, 0x0452, 0x0462, 0x047a, 0x047c, 0x047e, 0x0483, 0x083b, 0x085f, 0x0c0a],
  ],
  CP1253: [0x0408],
  CP1254: [0x041f, 0x042c, 0x0443],
  CP1255: [0x040d],
  CP1256: [0x0401, 0x0420, 0x0429, 0x0480, 0x048c],
  CP1257: [0x0425, 0x0426, 0x0427],
  CP1258: [0x042a],
};

/** Of SQL collations: first and last sort order. */
const BY_SORT_ID: readonly (readonly [first: number, last: number, codepage: string])[] = [
  [30, 34, "CP437"],
  [40, 44, "CP850"],
  [49, 49, "CP850"],
  [51, 54, "CP1252"],
  [55, 61, "CP850"],
  [80, 96, "CP1250"],
  [104, 108, "CP1251"],
  [112, 114, "CP1253"],
  [120, 122, "CP1253"],
  [124, 124, "CP1253"],
  [128, 130, "CP1254"],
  [136, 138, "CP1255"],
  [144, 146, "CP1256"],
  [152, 160, "CP1257"],
  [183, 186, "CP1252"],
];

function codepageOf(lcid: number, flags: number, sortId: number): string | undefined {
  if ((flags & UTF8_FLAG) !== 0) return "utf-8";
  if (sortId !== 0) {
    return BY_SORT_ID.find(([first, last]) => first <= sortId && sortId <= last)?.[2];
  }
  const language = lcid & 0xffff;
  return Object.keys(BY_LANGUAGE).find((name) => BY_LANGUAGE[name].includes(language));
}

/** The collation whose bytes begin at `at`. */
export function collationAt(bytes: Uint8Array, at: number): Collation {
  const lcid = bytes[at] | (bytes[at + 1] << 8) | ((bytes[at + 2] & 0x0f) << 16);
  const flags = (bytes[at + 2] >> 4) | ((bytes[at + 3] & 0x0f) << 4);
  const version = bytes[at + 3] >> 4;
  const sortId = bytes[at + 4];
  return { lcid, flags, version, sortId, codepage: codepageOf(lcid, flags, sortId) };
}
