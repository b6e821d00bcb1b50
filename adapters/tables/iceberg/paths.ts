/** Where a table's objects are, as its metadata names them: whole addresses, which nothing escapes. */
import { resolve } from "node:path";
import { RivetError } from "../../../core/base/errors.ts";

/** How a container of Azure is called over HTTP. */
const BLOBS = /^https:\/\/([^./]+)\.blob\.([^/]+)\/([^/]+)/;

/** @param uri of a destination: with a scheme, or a folder */
export function locationOf(uri: string): string {
  const plain = uri.replace(/\/+$/, "").replace(BLOBS, "abfss://$3@$1.dfs.$2");
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(plain) ? plain : `file://${resolve(plain)}`;
}

/** S3 and Azure have several names for themselves, and a folder may come without a scheme. */
export function comparable(location: string): string {
  return location.replace(/^s3[an]:/, "s3:")
    .replace(/^(?:abfs|wasbs?):/, "abfss:").replace(/^(abfss:\/\/[^/]*)\.blob\./, "$1.dfs.")
    .replace(/^file:\/*/, "/").replace(/\/+$/, "");
}

export function samePlace(a: string, b: string): boolean {
  return comparable(a) === comparable(b);
}

export function pathOf(location: string, key: string): string {
  return `${location.replace(/\/+$/, "")}/${key}`;
}

/**
 * The key below the table's root.
 * @throws RivetError TABLE_UNSUPPORTED for what lies elsewhere.
 */
export function keyOf(location: string, path: string): string {
  const root = `${comparable(location)}/`;
  const whole = comparable(path);
  if (whole.startsWith(root)) return whole.slice(root.length);
  throw new RivetError(
    "TABLE_UNSUPPORTED",
    `${path} lies outside of the table's place ${location}`,
    {
      hint: "Tables whose metadata or files are kept elsewhere are not written.",
    },
  );
}
