/** `reconcile: checksum` at the end of a run: each of its chunks against the source, values included. */
import { RivetError } from "../base/errors.ts";
import { logger } from "../base/log.ts";
import type { Ask } from "../access/ask.ts";
import { compareChunks, type Comparison } from "../reconcile/compare_chunks.ts";

/** Named in the error; the rest is counted. */
const CHUNKS_NAMED = 3;

/** @throws RivetError RECONCILE_MISMATCH that names the first chunks. */
export async function reconcileChunks(ask: Ask, comparison: Comparison): Promise<void> {
  const { exported: { name } } = comparison;
  const partitions = await compareChunks(ask, comparison);
  for (const { identifier, note } of partitions.filter((p) => p.status === "unknown")) {
    logger().warn(`export '${name}': ${identifier} could not be reconciled: ${note}`);
  }
  const differing = partitions.filter((p) => p.status === "mismatch");
  if (differing.length === 0) return;
  const named = differing.slice(0, CHUNKS_NAMED).map((p) => `${p.identifier}: ${p.note}`);
  const more = differing.length - named.length;
  throw new RivetError(
    "RECONCILE_MISMATCH",
    `export '${name}': ${differing.length} of ${partitions.length} chunks differ from the source: ` +
      named.join("; ") + (more > 0 ? `; and ${more} more` : ""),
    {
      hint: "The parts are kept. Rows that were written meanwhile also count: " +
        "'rivet repair' writes such chunks again, or use consistency: snapshot.",
    },
  );
}
