/** What a configuration shows anyway: names, SQL, paths. None of it is a secret, whatever a password is. */
import { mapStrings } from "./substitute.ts";

const HIDDEN_KEYS = new Set(["password", "url", "webhook_url"]);
/** Longer texts are no names; their words may be. */
const MAX_NAME = 256;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/gu;

/**
 * The texts and keys of plain data, and the words in them.
 * @param without keys whose text is left out.
 */
export function shownNames(value: unknown, without: readonly string[] = []): Set<string> {
  const names = new Set<string>();
  mapStrings(value, (text, path) => {
    const keys = path.filter((part) => typeof part === "string");
    keys.forEach((key) => names.add(key));
    const key = keys.at(-1) ?? "";
    if (HIDDEN_KEYS.has(key) || without.includes(key) || text.includes("://")) return text;
    if (text.length <= MAX_NAME) names.add(text);
    for (const [word] of text.matchAll(WORD)) names.add(word);
    return text;
  });
  return names;
}
