import type { StoreOptions } from "../../../adapters/destinations/kit/store_options.ts";

/** So small that a file of megabytes goes in pieces, and a listing of a hundred objects in pages. */
export const IN_PIECES: StoreOptions = {
  limits: { singlePutBytes: 1_000_000, partBytes: 512 * 1024, concurrency: 3, pageObjects: 40 },
};
