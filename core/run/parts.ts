/** Which of a run's parts are its data. */
import type { PartRecord } from "./types.ts";

/** The parts that together are the data, once. */
export function committedParts(parts: readonly PartRecord[]): PartRecord[] {
  return parts.filter((part) => part.status === undefined);
}

/** What is left of parts when their chunk was written again: files are never deleted. */
export function supersede(parts: readonly PartRecord[]): PartRecord[] {
  return parts.map((part) => part.status === undefined ? { ...part, status: "superseded" } : part);
}
