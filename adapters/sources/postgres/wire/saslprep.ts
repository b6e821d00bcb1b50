/**
 * SASLprep of passwords, by which one that was typed in another way is still the same one.
 * https://www.rfc-editor.org/rfc/rfc4013
 */
import {
  holds,
  LEFT_TO_RIGHT,
  NOTHING,
  PROHIBITED,
  RIGHT_TO_LEFT,
  SPACE,
  UNASSIGNED,
} from "./stringprep_tables.ts";

/**
 * The prepared password. One that may not be prepared is taken as it is, since the server took it so when it
 * was set; it looks at the characters before they are normalized.
 */
export function saslPrep(password: string): string {
  if (/^[\0-\x7f]*$/.test(password)) return password;
  const mapped = map(password);
  const allowed = mapped.length > 0 && mapped.every(isAllowed) && isOneWay(mapped);
  return allowed ? String.fromCodePoint(...mapped).normalize("NFKC") : password;
}

function map(password: string): number[] {
  const mapped: number[] = [];
  for (const character of password) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (holds(SPACE, codePoint)) mapped.push(" ".charCodeAt(0));
    else if (!holds(NOTHING, codePoint)) mapped.push(codePoint);
  }
  return mapped;
}

function isAllowed(codePoint: number): boolean {
  return !holds(PROHIBITED, codePoint) && !holds(UNASSIGNED, codePoint);
}

/** Text from right to left has none of the other direction, and starts and ends with it. */
function isOneWay(codePoints: readonly number[]): boolean {
  const isRight = (codePoint: number) => holds(RIGHT_TO_LEFT, codePoint);
  if (!codePoints.some(isRight)) return true;
  return !codePoints.some((codePoint) => holds(LEFT_TO_RIGHT, codePoint)) &&
    isRight(codePoints[0]) && isRight(codePoints[codePoints.length - 1]);
}
