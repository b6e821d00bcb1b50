import type { Grants } from "../../../core/ports/granted_access.ts";
import type { UploadLimits } from "./part_upload.ts";
import type { RequestSettings } from "./requests.ts";

/** Sizes and waits of an object store, whose defaults suit every real one, and who may hand out access. */
export interface StoreOptions {
  /** Where the configuration names no credentials. */
  readonly grants?: Grants | null;
  readonly limits?: UploadLimits;
  readonly requests?: RequestSettings;
}
