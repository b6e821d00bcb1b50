/** One request to a store, as errors and retries speak of it. */

/** What a request is about; nothing in it is sent. */
export interface Request {
  /** For the message: `write`, `list`, ... */
  readonly doing: string;
  /** What it is about, as a URI without secrets. */
  readonly target: string;
  /** What the credentials must allow, in the store's words. */
  readonly permission: string;
  /** It needs nothing that is there but the bucket, which is what a 404 is about. */
  readonly needsBucketOnly?: boolean;
  /** Ends an attempt after this long without a byte or an answer; the default suits all but copies. */
  readonly idleMs?: number;
}

/**
 * How the making of an object ended: `stored`; `taken` by what was there before; `taken_perhaps` by this
 * very upload, the answer to an earlier attempt having got lost.
 */
export type Creation = "stored" | "taken" | "taken_perhaps";
