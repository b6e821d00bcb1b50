/** Folders of partitions, as Hive names them. */

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
