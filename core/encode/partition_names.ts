/** Folders of partitions, as Hive names them. */
import { createHash } from "node:crypto";

/** Hive's name for the partition of NULLs. */
export const NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__";

/** Hive's `FileUtils.escapePathName`: what a path segment `column=value` must not hold. */
// deno-lint-ignore no-control-regex -- control characters are what is escaped
const UNSAFE = /[\x00-\x1f"#%'*/:=?\\\x7f{[\]^]/g;

const escaped = (character: string) =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;

/** A name or value as a part of a path. */
export function escapeHive(name: string): string {
  return name.replace(UNSAFE, escaped);
}

/** A value that is not NULL, also where its text is what stands for NULL. */
export function hiveValue(text: string): string {
  return text === NULL_PARTITION ? `${escaped(text[0])}${text.slice(1)}` : escapeHive(text);
}

/** Back from `hiveValue`; null: NULL. */
export function parseHiveValue(text: string): string | null {
  if (text === NULL_PARTITION) return null;
  return text.replace(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** What file systems take for the name of a folder. */
const MAX_FOLDER_BYTES = 255;
/** Of a name that is cut; stores limit whole keys, and there may be eight folders. */
const CUT_BYTES = 64;
/** Hexadecimal digits of the digest that makes cut names unlike each other. */
const DIGEST_DIGITS = 32;

const utf8 = new TextEncoder();

/** A folder whose name is too long is called by its beginning and a digest: where its value is asked for, it is kept. */
function shortFolder(folder: string): string {
  const bytes = utf8.encode(folder);
  if (bytes.length <= MAX_FOLDER_BYTES) return folder;
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, DIGEST_DIGITS);
  // Neither a character nor an escape is cut in two.
  const start = new TextDecoder().decode(bytes.subarray(0, CUT_BYTES)).replace(
    /(?:\ufffd|%.?)$/,
    "",
  );
  return `${start}~${digest}`;
}

/** Where the files of partitions lie, `country=CZ/at_month=1970-01`: names that every store takes. */
export function partitionPath(folders: string): string {
  return folders.split("/").map(shortFolder).join("/");
}
