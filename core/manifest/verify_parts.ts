/** M5: what the destination holds against what the manifest says, from one listing. */
import type { BoundDestination, ObjectInfo } from "../ports/destination.ts";
import type { Manifest, ManifestPart } from "./manifest.ts";

/** What became of a recorded part; only `verified` is as it should be. */
export type PartState =
  | "verified"
  | "missing"
  | "size_differs"
  | "content_differs"
  /** `verify: content`, and nothing but the size can be compared. */
  | "size_only";

/** What was recorded of one part, and what was found. */
export interface PartVerdict {
  readonly path: string;
  readonly state: PartState;
  /** What was compared; `content`: the object was read back. null when there is nothing to compare. */
  readonly by: "size" | "md5" | "content" | null;
  /** As it was recorded; null: nowhere. */
  readonly expectedBytes: number | null;
  readonly foundBytes: number | null;
}

/** Every part that a manifest lists, against the destination. */
export interface Verification {
  /** One per committed part, in the manifest's order. */
  readonly parts: readonly PartVerdict[];
  /** Listed by the manifest, and not the data. */
  readonly superseded: number;
  readonly quarantined: number;
}

export interface VerifyOptions {
  /** `verify: content`: a part of which only the size can be compared is a failure. */
  readonly content: boolean;
}

/**
 * From one listing; objects are read only where content is to be compared and no listing has an MD5.
 * @throws DestinationError
 */
export async function verifyDestination(
  destination: BoundDestination,
  manifest: Manifest,
  options: VerifyOptions,
): Promise<Verification> {
  const of = (status: ManifestPart["status"]) => manifest.parts.filter((p) => p.status === status);
  const committed = of("committed");
  const objects = await listParts(destination, committed.map((part) => part.path));
  const parts: PartVerdict[] = [];
  for (const part of committed) {
    parts.push(await verifyPart(destination, part, objects.get(part.path), options));
  }
  return { parts, superseded: of("superseded").length, quarantined: of("quarantined").length };
}

/** One listing that covers all the paths and as little else as a common prefix allows. */
async function listParts(
  destination: BoundDestination,
  paths: readonly string[],
): Promise<Map<string, ObjectInfo>> {
  const wanted = new Set(paths);
  const found = new Map<string, ObjectInfo>();
  if (wanted.size === 0) return found;
  for await (const object of destination.list(commonPrefix(paths))) {
    if (wanted.has(object.key)) found.set(object.key, object);
  }
  return found;
}

export function commonPrefix(paths: readonly string[]): string {
  let prefix = paths[0] ?? "";
  for (const path of paths) {
    while (!path.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  return prefix;
}

/** What a part is recorded as: its manifest entry, or its row of the file log. */
export interface RecordedPart extends Pick<ManifestPart, "path" | "size_bytes"> {
  /** null: no digest was recorded, and there is nothing to compare but the size. */
  readonly content_md5: string | null;
}

/**
 * One part against its object, which is undefined where it is not there.
 * @throws DestinationError
 */
export async function verifyPart(
  destination: BoundDestination,
  part: RecordedPart,
  object: ObjectInfo | undefined,
  options: VerifyOptions,
): Promise<PartVerdict> {
  const sizes = { expectedBytes: part.size_bytes, foundBytes: object?.sizeBytes ?? null };
  const verdict = (state: PartState, by: PartVerdict["by"]): PartVerdict => ({
    path: part.path,
    state,
    by,
    ...sizes,
  });
  if (object === undefined) return verdict("missing", null);
  if (object.sizeBytes !== part.size_bytes) return verdict("size_differs", "size");
  if (part.content_md5 === null) {
    return verdict(options.content ? "size_only" : "verified", "size");
  }
  const compared = (md5: string) => md5 === part.content_md5 ? "verified" : "content_differs";
  if (object.md5 === part.content_md5) return verdict("verified", "md5");
  if (object.md5 !== undefined) {
    // A listing may show the digest of an encrypted body; `head` tells it from an MD5.
    const known = await destination.head(part.path);
    if (known === null) return verdict("missing", null);
    if (known.md5 !== undefined) return verdict(compared(known.md5), "md5");
  }
  if (!options.content) return verdict("verified", "size");
  if (destination.capabilities.md5 !== "read_back") return verdict("size_only", "size");
  const md5 = await destination.readBackMd5(part.path);
  // Gone since the listing.
  return md5 === null ? verdict("missing", null) : verdict(compared(md5), "content");
}

/** Nothing is missing, differs, or could not be compared as far as it was asked. */
export function isVerified(verification: Verification): boolean {
  return verification.parts.every((part) => part.state === "verified");
}

const BY_TEXT = { md5: "md5", content: "content", size: "size only" } as const;

const STATE_TEXT: Record<Exclude<PartState, "verified">, string> = {
  missing: "missing",
  size_differs: "of another size",
  content_differs: "of other content",
  size_only: "not verifiable beyond size",
};

/** `3 verified: 2 md5, 1 size only`, and after a `;` what is not verified or not the data. */
export function coverageText(verification: Verification): string {
  const { parts, superseded, quarantined } = verification;
  const verified = parts.filter((part) => part.state === "verified");
  const by = (["md5", "content", "size"] as const)
    .map((how) => [verified.filter((part) => part.by === how).length, BY_TEXT[how]] as const)
    .filter(([n]) => n > 0)
    .map(([n, text]) => `${n} ${text}`);
  const others = [
    ...Object.entries(STATE_TEXT).map(([state, text]) =>
      [parts.filter((part) => part.state === state).length, text] as const
    ),
    [superseded, "superseded"] as const,
    [quarantined, "quarantined"] as const,
  ].filter(([n]) => n > 0).map(([n, text]) => `${n} ${text}`);
  const head = by.length === 0
    ? `${verified.length} verified`
    : `${verified.length} verified: ${by.join(", ")}`;
  return [head, ...others].join("; ");
}

/** What is wrong with a part, as one sentence; null when it is verified. */
export function partProblem(part: PartVerdict): string | null {
  switch (part.state) {
    case "verified":
      return null;
    case "missing":
      return `${part.path} is missing`;
    case "size_differs":
      return `${part.path} has ${part.foundBytes} bytes, recorded are ${part.expectedBytes}`;
    case "content_differs":
      return `${part.path} has other content than was written`;
    case "size_only":
      return `${part.path} can only be compared by size here, and verify: content asks for more`;
  }
}
