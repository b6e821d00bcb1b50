import type { UploadLimits } from "./part_upload.ts";
import type { RequestSettings } from "./requests.ts";

/** Sizes and waits of an object store; the defaults suit every real one. */
export interface StoreOptions {
  readonly limits?: UploadLimits;
  readonly requests?: RequestSettings;
}
