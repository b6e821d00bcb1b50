/**
 * Access to a destination that somebody else hands out for a time, as the catalog of a table does. It counts
 * where the destination's own configuration names no credentials.
 */

import { RivetError } from "../base/errors.ts";

/** What is handed out has to be made first, which only a run does. */
export class NotGrantedYetError extends RivetError {
  override readonly name = "NotGrantedYetError";

  /** @param missing e.g. `namespace shop` */
  constructor(missing: string) {
    super("DESTINATION_NOT_FOUND", `the catalog has no ${missing} yet: the first run creates it`, {
      category: "permanent",
      hint: "Create it in the catalog to have this looked at before.",
    });
  }
}

interface Expiring {
  /** null: nobody says. */
  readonly expiresAt: Date | null;
}

/** Keys of a store that speaks S3, and where it is. */
export interface GrantedKeys extends Expiring {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  readonly endpoint: string | null;
  readonly region: string | null;
  readonly pathStyle: boolean | null;
}

/** One text that opens a store. */
export interface GrantedToken extends Expiring {
  /** A bearer token. */
  readonly token: string;
}

/** What was handed out; null: nothing for such a destination. */
export interface GrantedAccess {
  readonly s3: GrantedKeys | null;
  readonly gcs: GrantedToken | null;
  /** A shared access signature, without its "?". */
  readonly azure: GrantedToken | null;
}

/**
 * Asks for access to what lies below `uri`; asked again before it expires. Secrets in it are known to the
 * redaction. null: none is handed out.
 */
export type Grants = (uri: string) => Promise<GrantedAccess | null>;
