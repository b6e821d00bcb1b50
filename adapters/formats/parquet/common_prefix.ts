/** What byte strings have in common. */

/** How many bytes two byte strings begin with in common: by words of four, which most of a long one are. */
export function commonPrefix(
  a: DataView,
  aStart: number,
  aEnd: number,
  b: DataView,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  const words = length - 3;
  let i = 0;
  while (i < words && a.getInt32(aStart + i) === b.getInt32(bStart + i)) i += 4;
  while (i < length && a.getUint8(aStart + i) === b.getUint8(bStart + i)) i++;
  return i;
}
