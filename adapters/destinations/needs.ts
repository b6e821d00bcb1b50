/** What the destinations without an address need. */
import { dirname } from "node:path";
import type { DestinationConfig } from "../../core/config/schema.ts";
import type { NeedsOf } from "../../core/ports/needs.ts";
import { nearestExisting } from "./kit/existing.ts";

type Local = Extract<DestinationConfig, { type: "local" }>;

/** A path up to its first placeholder. */
function fixedPart(path: string): string {
  const brace = path.indexOf("{");
  return brace < 0 ? path : dirname(`${path.slice(0, brace)}x`);
}

/** The folder, and while it is missing the one that it will be made in, whose entry is made durable. */
export const localNeeds: NeedsOf<Local> = ({ path }) => {
  const folder = fixedPart(path);
  const above = nearestExisting(folder);
  const read = above === folder ? [folder] : [folder, above];
  // `check` and `doctor` ask whether this user may write there.
  return { read, write: [folder], sys: ["uid"] };
};

/** Standard output is always there. */
export const stdoutNeeds: NeedsOf<Extract<DestinationConfig, { type: "stdout" }>> = () => ({});
