/** A run's id as a UUID: the same from every process that takes part in the run. */

/** Of the namespace of Rivet's runs, a random one. */
const NAMESPACE = "b0f7c1de-5a9e-4f0b-9d53-2f0e7c5b6a41";

/** RFC 9562, version 5. @param key tells runs apart. */
export async function runUuid(key: string): Promise<string> {
  const text = new TextEncoder().encode(key);
  const namespace = Uint8Array.fromHex(NAMESPACE.replaceAll("-", ""));
  const input = new Uint8Array(namespace.length + text.length);
  input.set(namespace);
  input.set(text, namespace.length);
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-1", input)).subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x50;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
