/** M5: what the destination holds against what the manifest says, from one listing. */
import type { BoundDestination, ObjectInfo } from "../ports/destination.ts";
import type { ExpectedFile, FileProblem, Format } from "../ports/format.ts";
import type { Manifest, ManifestPart } from "./manifest.ts";
import { type PartCheck, readPart } from "./read_part.ts";

/** What became of a recorded part; only `verified` is as it should be. */
export type PartState =
  | "verified"
  | "missing"
  | "size_differs"
  | "content_differs"
  /** It was read, and is not a file that a reader finds its way through, or has other rows than recorded. */
  | "unreadable"
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
  /** Where it is damaged; null: nowhere, or it was not read. */
  readonly problem: FileProblem | null;
}

/** Every part that a manifest lists, against the destination. */
export interface Verification {
  /** One per committed part, in the manifest's order. */
  readonly parts: readonly PartVerdict[];
  /** Listed by the manifest, and not the data. */
  readonly superseded: number;
  readonly quarantined: number;
}

/** How far parts are verified. */
export type VerifyOptions =
  /** Nothing is read. */
  | { readonly content: false; readonly deep?: false }
  | {
    /** `verify: content`: a part of which only the size can be compared is a failure. */
    readonly content: boolean;
    /** Every part is read, wherever it lies. */
    readonly deep?: boolean;
    /** For what is read. */
    readonly check: PartCheck;
  };

/** What parts are expected to be. */
export interface ExpectedPart extends ExpectedFile {
  readonly format: string;
}

/** How parts are gone through; their format is loaded for the first that is read. */
export function partCheck(
  { format }: { readonly format: (name: string) => Promise<Pick<Format, "check">> },
  expected: ExpectedPart,
): PartCheck {
  return async (file) => await (await format(expected.format)).check(file, expected);
}

/** The same of the parts of a manifest. */
export function manifestCheck(
  formats: Parameters<typeof partCheck>[0],
  { format, compression, columns, parts }: Manifest,
): PartCheck {
  // Chunks may have been written before and after a column came, by a resume or a repair.
  const sameColumns = columns.length > 0 && parts.every((part) => part.chunk_index === null);
  const names = sameColumns ? columns.map(({ name }) => name) : null;
  return partCheck(formats, { format, compression, columns: names });
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
  /** null: nobody counted them. */
  readonly rows: number | null;
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
  const verdict = verdictOf(part, object);
  if (object === undefined) return verdict("missing", null);
  if (object.sizeBytes !== part.size_bytes) return verdict("size_differs", "size");
  const listed = await compareListed(destination, part, object);
  if (listed === "gone") return verdict("missing", null);
  const readsBack = destination.capabilities.md5 === "read_back";
  if ("check" in options) {
    const read = options.deep === true || (options.content && readsBack && listed === null);
    if (read) return await verifyRead(destination, part, object, { ...options, listed });
  }
  if (listed !== null) return verdict(listed, "md5");
  return verdict(options.content ? "size_only" : "verified", "size");
}

function verdictOf(part: RecordedPart, object: ObjectInfo | undefined) {
  const sizes = { expectedBytes: part.size_bytes, foundBytes: object?.sizeBytes ?? null };
  return (
    state: PartState,
    by: PartVerdict["by"],
    problem: FileProblem | null = null,
  ): PartVerdict => ({ path: part.path, state, by, ...sizes, problem });
}

/** What the store says of the content; null: nothing. */
type Listed = "verified" | "content_differs" | null;

async function compareListed(
  destination: BoundDestination,
  part: RecordedPart,
  object: ObjectInfo,
): Promise<Listed | "gone"> {
  if (part.content_md5 === null || object.md5 === undefined) return null;
  if (object.md5 === part.content_md5) return "verified";
  // A listing may show the digest of an encrypted body; `head` tells it from an MD5.
  const known = await destination.head(part.path);
  if (known === null) return "gone";
  if (known.md5 === undefined) return null;
  return known.md5 === part.content_md5 ? "verified" : "content_differs";
}

/** What is damaged is told with its place, whether or not a digest gives it away. */
async function verifyRead(
  destination: BoundDestination,
  part: RecordedPart,
  object: ObjectInfo,
  { content, check, listed }: {
    readonly content: boolean;
    readonly check: PartCheck;
    readonly listed: Listed;
  },
): Promise<PartVerdict> {
  const verdict = verdictOf(part, object);
  const read = await readPart(destination, { path: part.path, sizeBytes: object.sizeBytes }, check);
  // Gone or replaced since the listing.
  if (read === null) return verdict("missing", null);
  const problem = read.checked.problem ?? otherRows(part, read.checked.rows);
  const same = part.content_md5 === null ? null : read.md5 === part.content_md5;
  if (same === false || listed === "content_differs") {
    return verdict("content_differs", "content", problem);
  }
  if (problem !== null) return verdict("unreadable", same === null ? "size" : "content", problem);
  if (same !== null) return verdict("verified", "content");
  return verdict(content ? "size_only" : "verified", "size");
}

function otherRows({ rows }: RecordedPart, found: number | null): FileProblem | null {
  if (found === null || rows === null || found === rows) return null;
  return {
    message: `it holds ${found} rows, recorded are ${rows}`,
    ...{ column: null, row_group: null, page: null, offset: null },
  };
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
  unreadable: "unreadable",
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

function whereIn({ by, problem }: PartVerdict): string {
  if (problem !== null) return `: ${problem.message}`;
  return by === "content" ? "; its structure is whole, so it lies in what has no checksum" : "";
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
      return `${part.path} has other content than was written${whereIn(part)}`;
    case "unreadable":
      return `${part.path} cannot be read by what its format says${whereIn(part)}`;
    case "size_only":
      return `${part.path} can only be compared by size here, and verify: content asks for more`;
  }
}
