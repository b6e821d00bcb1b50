/** `max_file_size`: a number of bytes, or a number with a unit. */

/** Below this a part holds less than its own footer. */
export const MIN_FILE_BYTES = 1024;

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  tb: 1024 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Bytes of `512MB`, `1.5 GiB`, `100_000_000` or a number; undefined when it is none of these. */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  const match = /^\s*(\d[\d_]*(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value);
  if (match === null) return undefined;
  const unit = match[2].toLowerCase();
  if (!Object.hasOwn(UNITS, unit)) return undefined;
  const bytes = Math.round(Number(match[1].replaceAll("_", "")) * UNITS[unit]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
