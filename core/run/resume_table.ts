/** M8: what `--resume` does with one part. */

export interface PartFacts {
  /** The run recorded the part, so it will be in its manifest. */
  readonly recorded: boolean;
  /** An object of this name is at the destination. */
  readonly there: boolean;
  /** Meaningful only for what is recorded and there. */
  readonly sizeEqual: boolean;
  /** null: the destination offers nothing to compare content by. */
  readonly contentEqual: boolean | null;
}

export type ResumeAction =
  | "skip"
  | "quarantine_and_write"
  /** Recorded once, gone since. */
  | "write_again"
  /** Left by a process that died before it recorded the part. */
  | "quarantine"
  | "write";

/** The table of M8, row by row. */
export function decide(facts: PartFacts): ResumeAction {
  if (!facts.recorded) return facts.there ? "quarantine" : "write";
  if (!facts.there) return "write_again";
  if (!facts.sizeEqual || facts.contentEqual === false) return "quarantine_and_write";
  return "skip";
}
