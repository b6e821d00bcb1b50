/** `cursor_lag`: a whole number with a unit. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Milliseconds of `500ms`, `30s`, `15m`, `2h`, `1d`; undefined when it is none of these. */
export function parseDuration(value: string): number | undefined {
  const match = /^\s*(\d+)\s*(ms|s|m|h|d)\s*$/i.exec(value);
  if (match === null) return undefined;
  const ms = Number(match[1]) * UNITS_MS[match[2].toLowerCase()];
  return Number.isSafeInteger(ms) ? ms : undefined;
}
