/** Every object store, for tests over TLS. */
import type { ObjectDestination } from "../../../adapters/destinations/kit/object_store.ts";
import type { StoreOptions } from "../../../adapters/destinations/kit/store_options.ts";
import { startAzurite } from "../../support/azurite.ts";
import { startGcsDouble } from "../../support/gcs_double.ts";
import { startS3 } from "../../support/s3.ts";
import type { TlsFront } from "../../support/tls_front.ts";

interface SecureServer {
  readonly port: number;
  openSecure(
    prefix: string,
    front: TlsFront,
    options?: StoreOptions,
    env?: Record<string, string>,
  ): Promise<ObjectDestination>;
  stop(): Promise<void>;
}

export interface SecureStore {
  readonly name: string;
  start(): Promise<SecureServer>;
  /** Of a file in so many pieces. */
  requestsOf(pieces: number): number;
}

export const SECURE_STORES: readonly SecureStore[] = [
  // Opened and completed.
  { name: "s3", start: () => startS3(), requestsOf: (pieces) => pieces + 2 },
  // Blocks, and their list.
  { name: "azure", start: startAzurite, requestsOf: (pieces) => pieces + 1 },
  // A session, and its pieces.
  {
    name: "gcs",
    start: () => Promise.resolve(startGcsDouble()),
    requestsOf: (pieces) => pieces + 1,
  },
];
