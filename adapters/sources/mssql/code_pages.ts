/**
 * `char` and `varchar` values arrive in the code page of their collation. Single-byte Windows code pages
 * and UTF-8 are decoded here, by the platform's own tables; any other is cast to nvarchar by the server.
 */

const UTF8 = "utf-8";
const WINDOWS = [874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258];

/** @param codePage as the collation names it, e.g. `CP1252`. */
export function decodesCodePage(codePage: string | null): boolean {
  return codePage === UTF8 || WINDOWS.some((number) => codePage === `CP${number}`);
}

export function isUtf8(codePage: string | null): boolean {
  return codePage === UTF8;
}

/** Marks a byte that the code page does not define. */
export const UNDEFINED_BYTE = 0;

const tables = new Map<string, Uint32Array>();

/**
 * The UTF-8 form of each byte above 127 (index `byte - 128`): up to three bytes, the first one lowest,
 * and their number in the top byte; `UNDEFINED_BYTE` where there is none.
 */
export function utf8Table(codePage: string): Uint32Array {
  const known = tables.get(codePage);
  if (known !== undefined) return known;
  const decoder = new TextDecoder(`windows-${codePage.slice(2)}`);
  const table = new Uint32Array(128);
  for (let byte = 128; byte < 256; byte++) {
    const char = decoder.decode(new Uint8Array([byte]));
    if (char === "\uFFFD") continue;
    const bytes = new TextEncoder().encode(char);
    table[byte - 128] = bytes[0] | (bytes[1] << 8) | ((bytes[2] ?? 0) << 16) |
      (bytes.length << 24);
  }
  tables.set(codePage, table);
  return table;
}
