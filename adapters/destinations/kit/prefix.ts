/** Where a destination's keys stand below the bucket or container. */

/** `prefix` as it starts every key: no empty segments, no leading "/", one "/" at its end; or "". */
export function normalizedPrefix(prefix: string): string {
  const segments = prefix.split("/").filter((segment) => segment !== "");
  return segments.length === 0 ? "" : `${segments.join("/")}/`;
}

/** Every segment percent-encoded, the "/" between them kept. */
export function encodePath(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}
