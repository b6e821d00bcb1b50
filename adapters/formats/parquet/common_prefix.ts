/** What byte strings have in common. */

/** How many bytes two byte strings begin with in common. */
export function commonPrefix(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  let i = 0;
  while (i < length && a[aStart + i] === b[bStart + i]) i++;
  return i;
}
