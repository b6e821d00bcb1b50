/** The fingerprint of a body, as manifests and `_SUCCESS` write it (M2, M3). */
import { Xxh3Stream } from "./xxh3_64.ts";

/** `xxh3:<16 hex>`, the form of every fingerprint in manifests (M2, M3). */
export function fingerprintOf(bytes: Uint8Array): Promise<string> {
  return Promise.resolve(`xxh3:${new Xxh3Stream().update(bytes).digest()}`);
}
