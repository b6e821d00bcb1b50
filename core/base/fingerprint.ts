/** The fingerprint of a body, as manifests and `_SUCCESS` write it (M2, M3). */
import { createXXHash3 } from "hash-wasm";

/** `xxh3:<16 hex>`, the form of every fingerprint in manifests (M2, M3). */
export async function fingerprintOf(bytes: Uint8Array): Promise<string> {
  const hasher = await createXXHash3();
  return `xxh3:${hasher.init().update(bytes).digest("hex")}`;
}
