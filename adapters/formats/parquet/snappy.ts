/** Snappy, loaded when an export asks for it. */
import snappyjs from "snappyjs";

/** One page body, compressed. */
export const compressSnappy: (body: Uint8Array) => Uint8Array = snappyjs.compress;
